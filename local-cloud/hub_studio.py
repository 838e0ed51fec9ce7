"""SageMaker's types of CloudFormation in ministack; they call the SageMaker of moto as any client does."""

import functools
import json
import os
import time
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners, stacks
from shapes import model_of, typed

POLL_SECONDS = 0.02
LIMIT_SECONDS = 30.0
PASSING = ("Pending", "Updating", "CreateInProgress")
GOOD = ("InService", "CreateCompleted", "Completed")


@dataclass(frozen=True)
class Type:
    """One type: `key` is the properties that name a resource in Describe and Delete, `ref` what Ref answers."""

    noun: str
    key: tuple[str, ...]
    ref: tuple[str, ...]
    attributes: tuple[str, ...]
    replaced_by: tuple[str, ...]
    status: str = "Status"
    update: dict[str, str] = field(default_factory=dict)  # property -> parameter of Update

    @property
    def arn(self) -> str:
        return f"{self.noun}Arn"

    def parameters(self, operation: str, given: dict) -> dict:
        return typed(given, model_of("sagemaker").operation_model(operation + self.noun).input_shape)

    def call(self, operation: str, **parameters) -> dict:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation + self.noun).strip("_")
        return getattr(_client(get_account_id(), get_region()), name)(**parameters)

    def described(self, key: dict) -> dict | None:
        try:
            return self.call("Describe", **key)
        except ClientError as error:
            if _is_missing(error):
                return None
            raise


TYPES = {
    "AWS::SageMaker::Domain": Type(
        "Domain",
        ("DomainId",),
        ("DomainId",),
        (
            "DomainArn",
            "DomainId",
            "HomeEfsFileSystemId",
            "SecurityGroupIdForDomainBoundary",
            "SingleSignOnApplicationArn",
            "SingleSignOnManagedApplicationInstanceId",
            "Url",
        ),
        ("AuthMode", "DomainName", "KmsKeyId", "VpcId"),
        update={
            "DefaultUserSettings": "DefaultUserSettings",
            "DefaultSpaceSettings": "DefaultSpaceSettings",
            "DomainSettings": "DomainSettingsForUpdate",
            "AppNetworkAccessType": "AppNetworkAccessType",
            "AppSecurityGroupManagement": "AppSecurityGroupManagement",
            "SubnetIds": "SubnetIds",
            "TagPropagation": "TagPropagation",
        },
    ),
    "AWS::SageMaker::UserProfile": Type(
        "UserProfile",
        ("DomainId", "UserProfileName"),
        ("UserProfileName", "DomainId"),
        ("UserProfileArn",),
        ("DomainId", "UserProfileName", "SingleSignOnUserIdentifier", "SingleSignOnUserValue"),
        update={"UserSettings": "UserSettings"},
    ),
    "AWS::SageMaker::Space": Type(
        "Space",
        ("DomainId", "SpaceName"),
        ("DomainId", "SpaceName"),
        ("SpaceArn", "Url"),
        ("DomainId", "SpaceName", "OwnershipSettings", "SpaceSharingSettings"),
        update={"SpaceSettings": "SpaceSettings", "SpaceDisplayName": "SpaceDisplayName"},
    ),
    "AWS::SageMaker::App": Type(
        "App",
        ("DomainId", "UserProfileName", "AppType", "AppName"),
        ("AppName", "AppType", "DomainId", "UserProfileName"),
        ("AppArn",),
        ("AppName", "AppType", "DomainId", "UserProfileName", "ResourceSpec"),
    ),
    "AWS::SageMaker::Project": Type(
        "Project",
        ("ProjectName",),
        ("ProjectArn",),
        ("ProjectArn", "ProjectId", "ProjectStatus", "CreationTime"),
        ("ProjectName", "ProjectDescription", "ServiceCatalogProvisioningDetails", "TemplateProviderDetails"),
        status="ProjectStatus",
    ),
    "AWS::SageMaker::ModelPackageGroup": Type(
        "ModelPackageGroup",
        ("ModelPackageGroupName",),
        ("ModelPackageGroupArn",),
        ("ModelPackageGroupArn", "ModelPackageGroupStatus", "CreationTime"),
        ("ModelPackageGroupName", "ModelPackageGroupDescription"),
        status="ModelPackageGroupStatus",
    ),
}


def install() -> None:
    for name, kind in TYPES.items():
        provisioners._RESOURCE_HANDLERS[name] = {
            "create": functools.partial(_create, kind),
            "update": functools.partial(_update, kind),
            "update_with_logical_id": True,
            "delete": functools.partial(_delete, kind),
        }
        provisioners._REPLACING_PROPERTIES[name] = kind.replaced_by
    runs_elsewhere = stacks._runs_on_worker_thread
    # moto calls ministack back, which must not wait for it meanwhile.
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in TYPES or runs_elsewhere(resource_type)


def _create(kind: Type, logical_id: str, props: dict, stack_name: str) -> tuple[str, dict]:
    created = kind.call("Create", **kind.parameters("Create", props))
    key = {name: created.get(name, props.get(name)) for name in kind.key}
    _apply_policy(key, {}, props)
    return _settled(kind, key)


def _update(kind: Type, physical_id: str, old: dict, new: dict, stack_name: str, logical_id: str | None):
    key = _key(kind, physical_id, old)
    changed = {kind.update[name]: new[name] for name in kind.update if new.get(name) != old.get(name) and name in new}
    if changed:
        kind.call("Update", **kind.parameters("Update", {**key, **changed}))
    _apply_tags(kind.described(key)[kind.arn], old, new)
    _apply_policy(key, old, new)
    return _settled(kind, key)


def _delete(kind: Type, physical_id: str, props: dict) -> None:
    key = _key(kind, physical_id, props)
    found = kind.described(key)
    if found is None or found.get(kind.status) in ("Deleted", "Failed") and kind.noun == "App":
        return
    try:
        kind.call("Delete", **key)
    except ClientError as error:
        if not _is_missing(error):
            raise ValueError(_reason(error)) from error
    _wait(lambda: (kind.described(key) or {}).get(kind.status) in (None, "Deleted"), kind, key)


def _settled(kind: Type, key: dict) -> tuple[str, dict]:
    _wait(lambda: kind.described(key)[kind.status] not in PASSING, kind, key)
    found = kind.described(key)
    if found[kind.status] not in GOOD:
        raise ValueError(f"{kind.noun} {key} is {found[kind.status]}: {found.get('FailureReason', 'no reason given')}")
    attributes = {name: str(found[name]) for name in kind.attributes if name in found}
    return "|".join(str(found[name]) for name in kind.ref), attributes


def _key(kind: Type, physical_id: str, props: dict) -> dict:
    """What names the resource; a property that the service gave is in the physical id."""
    parts = dict(zip(kind.ref, physical_id.split("|"), strict=True))
    return {name: parts.get(name, props.get(name)) for name in kind.key}


def _apply_tags(arn: str, old: dict, new: dict) -> None:
    client = _client(get_account_id(), get_region())
    before, after = (provisioners._tag_map(each.get("Tags")) for each in (old, new))
    if before.keys() - after.keys():
        client.delete_tags(ResourceArn=arn, TagKeys=sorted(before.keys() - after.keys()))
    if after.items() - before.items():
        client.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in after.items()])


def _apply_policy(key: dict, old: dict, new: dict) -> None:
    """The resource policy of a model package group is a property of the group in a template."""
    client = _client(get_account_id(), get_region())
    before, after = (each.get("ModelPackageGroupPolicy") for each in (old, new))
    if after and after != before:
        policy = after if isinstance(after, str) else json.dumps(after)
        client.put_model_package_group_policy(**key, ResourcePolicy=policy)
    elif before and not after:
        client.delete_model_package_group_policy(**key)


def _wait(condition, kind: Type, key: dict) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise ValueError(f"{kind.noun} {key} did not stabilize.")
        time.sleep(POLL_SECONDS)


def _is_missing(error: ClientError) -> bool:
    code, message = (error.response["Error"][name] for name in ("Code", "Message"))
    return code == "ResourceNotFound" or (code == "ValidationException" and "does not exist" in message)


def _reason(error: ClientError) -> str:
    given = error.response["Error"]
    return f"{given['Message']} (Service: SageMaker, Error Code: {given['Code']})"


@functools.cache
def _client(account_id: str, region: str):
    keys = {"aws_access_key_id": account_id, "aws_secret_access_key": "local-cloud"}
    url = os.environ["AWS_ENDPOINT_URL_SAGEMAKER"]
    return boto3.client("sagemaker", region, endpoint_url=url, config=Config(proxies={}), **keys)
