"""`AWS::CloudFormation::StackSet` in ministack's stacks; it calls the stack sets of moto as any client does."""

import functools
import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners, stacks
from shapes import model_of, typed

TYPE = "AWS::CloudFormation::StackSet"
POLL_SECONDS = 0.05
LIMIT_SECONDS = 60.0
PASSING = ("RUNNING", "QUEUED", "STOPPING")
# Of the set itself; the others are of the operations on its instances.
OF_INSTANCES = ("StackInstancesGroup", "OperationPreferences")


def install() -> None:
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete}
    provisioners._REPLACING_PROPERTIES[TYPE] = ("StackSetName", "PermissionModel", "CallAs")
    runs_elsewhere = stacks._runs_on_worker_thread
    # moto calls ministack back, which must not wait for it meanwhile.
    stacks._runs_on_worker_thread = lambda resource_type: resource_type == TYPE or runs_elsewhere(resource_type)


def _create(logical_id: str, props: dict, stack_name: str) -> tuple[str, dict]:
    identifier = _call("create_stack_set", **_given("CreateStackSet", props))["StackSetId"]
    try:
        _converge(identifier, props, {}, _instances(props))
    except Exception:
        _delete(identifier, props)  # CloudFormation rolls a resource back that it made in part
        raise
    return identifier, {"StackSetId": identifier}


def _update(physical_id: str, old: dict, new: dict, stack_name: str) -> tuple[str, dict]:
    before, after = ({key: value for key, value in each.items() if key not in OF_INSTANCES} for each in (old, new))
    if before != after:
        _run("update_stack_set", physical_id, **_given("UpdateStackSet", new))
    _converge(physical_id, new, _instances(old), _instances(new))
    return physical_id, {"StackSetId": physical_id}


def _delete(physical_id: str, props: dict) -> None:
    try:
        _converge(physical_id, props, _instances(props), {})
        _call("delete_stack_set", StackSetName=physical_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "StackSetNotFoundException":
            raise ValueError(error.response["Error"]["Message"]) from error


def _instances(props: dict) -> dict[tuple[str, str], list]:
    """The overrides of each instance, by whom it addresses (as JSON: an account, or a group of units) and region."""
    found = {}
    for group in props.get("StackInstancesGroup", []):
        targets, overrides = group["DeploymentTargets"], group.get("ParameterOverrides", [])
        of_units = "OrganizationalUnitIds" in targets
        addressed = [targets] if of_units else [{"Accounts": [each]} for each in targets.get("Accounts", [])]
        found |= {(json.dumps(each), region): overrides for each in addressed for region in group["Regions"]}
    return found


def _converge(identifier: str, props: dict, before: dict, after: dict) -> None:
    gone = {key: [] for key in before if key not in after}
    made = {key: value for key, value in after.items() if key not in before}
    changed = {key: value for key, value in after.items() if key in before and before[key] != value}
    preferences = {"OperationPreferences": props["OperationPreferences"]} if "OperationPreferences" in props else {}
    for operation, instances in (("Delete", gone), ("Create", made), ("Update", changed)):
        for targets, region, overrides in _together(instances):
            given = {"DeploymentTargets": targets, "Regions": [region], **preferences}
            given |= {"RetainStacks": False} if operation == "Delete" else {"ParameterOverrides": overrides}
            name = f"{operation}StackInstances"
            try:
                _run(f"{operation.lower()}_stack_instances", identifier, **_typed(name, given))
            except ClientError as error:
                # Of an instance that could not be made, or was deleted by hand, nothing is left to delete.
                if operation != "Delete" or error.response["Error"]["Code"] != "StackInstanceNotFoundException":
                    raise


def _together(instances: dict) -> list[tuple[dict, str, list]]:
    """Accounts of one region and the same overrides make one operation."""
    joined: dict[tuple[str, str], list[dict]] = {}
    for (targets, region), overrides in instances.items():
        joined.setdefault((region, json.dumps(overrides)), []).append(json.loads(targets))
    operations = []
    for (region, overrides), targets in joined.items():
        accounts = [account for each in targets if "OrganizationalUnitIds" not in each for account in each["Accounts"]]
        groups = [each for each in targets if "OrganizationalUnitIds" in each]
        for each in [*([{"Accounts": accounts}] if accounts else []), *groups]:
            operations.append((each, region, json.loads(overrides)))
    return operations


def _run(operation: str, identifier: str, **given) -> None:
    """Starts an operation and waits for its end."""
    asked = {"StackSetName": identifier}
    asked["OperationId"] = _call(operation, **{**given, "StackSetName": identifier})["OperationId"]
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := _call("describe_stack_set_operation", **asked)["StackSetOperation"])["Status"] in PASSING:
        if time.monotonic() > deadline:
            raise ValueError(f"Operation {asked['OperationId']} of stack set {identifier} has not ended.")
        time.sleep(POLL_SECONDS)
    if found["Status"] != "SUCCEEDED":
        results = _call("list_stack_set_operation_results", **asked)["Summaries"]
        reasons = [f"{each['Account']}: {each['StatusReason']}" for each in results if "StatusReason" in each]
        raise ValueError(f"Operation {asked['OperationId']} is {found['Status']}: {'; '.join(reasons)}")


def _given(operation: str, props: dict) -> dict:
    members = model_of("cloudformation").operation_model(operation).input_shape.members
    # The instances are operations of their own, except that an update of the set is one on all of them.
    unwanted = OF_INSTANCES[:1] if operation == "UpdateStackSet" else OF_INSTANCES
    return _typed(operation, {key: value for key, value in props.items() if key in members and key not in unwanted})


def _typed(operation: str, given: dict) -> dict:
    return typed(given, model_of("cloudformation").operation_model(operation).input_shape)


def _call(operation: str, **parameters) -> dict:
    return getattr(_client(get_account_id(), get_region()), operation)(**parameters)


@functools.cache
def _client(account_id: str, region: str):
    keys = {"aws_access_key_id": account_id, "aws_secret_access_key": "local-cloud"}
    url = os.environ["AWS_ENDPOINT_URL_CLOUDFORMATION"]
    return boto3.client("cloudformation", region, endpoint_url=url, config=Config(proxies={}), **keys)
