"""A function that is killed in the middle of a request and gets it again ends where an undisturbed one does."""

import json
from itertools import count
from urllib.parse import unquote

import inventory
import killing
import pytest
from clients import Clients
from cloudformation_request import HOME, HUB, custom_resource, physical_id
from deployed_platform import STAGES, Platform, own_architecture
from deployment_drive import CHANGES, Drive, Place
from function_process import FunctionProcesses, Kill
from killing import Request
from model_registry import MODEL_BUCKET, Registry
from people import until

ROLES = [f"arn:aws:iam::{HUB}:role/studio/{name}" for name in ("first", "second", "third")]
REGIONS = (
    "eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1 us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 "
    "sa-east-1 ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 ap-northeast-2"
).split()
WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86400, "End": True}}}
# Waits for a person's answer, as the platform's own machine does.
ASKING = {
    "QueryLanguage": "JSONata",
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:putParameter.waitForTaskToken",
            "TimeoutSeconds": 2592000,
            "Arguments": {
                "Name": "{% $states.input.name %}",
                "Type": "SecureString",
                "Value": "{% $string($merge([$states.input.pending, {'taskToken': $states.context.Task.Token}])) %}",
            },
            "End": True,
        }
    },
}
SELF_MANAGED = {
    "permissionModel": "SELF_MANAGED",
    "administrationRoleArn": f"arn:aws:iam::{HUB}:role/tried",
    "executionRoleName": "secure-mlops-stack-set-execution",
}
SERVICE_MANAGED = {"permissionModel": "SERVICE_MANAGED", "callAs": "SELF"}
_numbers = count(1)


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_sagemaker_projects(clients, processes, request_type):
    listed = {"ExecutionRoleArns": ROLES[1:] if request_type == "Update" else ROLES[:2]}
    old = {"ExecutionRoleArns": ROLES[:2]}

    def make(number: int) -> Request:
        region = REGIONS[number]  # projects are enabled by region, so each try has its own
        sagemaker, catalog = clients.hub("sagemaker", region), clients.hub("servicecatalog", region)
        sagemaker.disable_sagemaker_servicecatalog_portfolio()
        event = custom_resource(
            "SageMakerProjects", request_type, listed, old if request_type == "Update" else None, region
        )
        if request_type != "Create":
            sagemaker.enable_sagemaker_servicecatalog_portfolio()
            catalog.list_accepted_portfolio_shares()  # the share shows from the second listing on
            event |= physical_id(processes, "SageMakerProjects", old, region)
        own = (region, region.replace("-", ""))
        return Request("SageMakerProjects", event, region, lambda: inventory.associations(catalog), own)

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_organization_accounts(clients, processes, request_type):
    units = clients.state["organization"]["units"]
    listed, old = {"OrganizationalUnitIds": [units["workloads"]]}, {"OrganizationalUnitIds": [units["staging"]]}
    event = custom_resource("OrganizationAccounts", request_type, listed, old if request_type == "Update" else None)
    if request_type == "Update":
        event |= physical_id(processes, "OrganizationAccounts", old)
    # It changes nothing, so that the answer is all there is.
    found = killing.differences(processes, lambda _: Request("OrganizationAccounts", event, HOME, lambda: None))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("case", ["Approved", "Rejected", "behind a later approval"])
def test_model_approval(clients, processes, registry, case):
    states = clients.hub("stepfunctions")

    def make(_: int) -> Request:
        name = f"tried-{next(_numbers)}"
        version, other = registry.create_group(name, versions=2)
        staging = {"name": "staging", "accountIds": clients.state["organization"]["accounts"]["staging"]}
        register(clients, name, name, staging)
        machine = states.create_state_machine(
            name=name, definition=json.dumps(WAITING), roleArn=f"arn:aws:iam::{HUB}:role/tried"
        )["stateMachineArn"]

        def executions() -> list[tuple]:
            listed = states.list_executions(stateMachineArn=machine)["executions"]
            described = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
            # The name is made from the group's, which only this try has.
            return sorted((each["status"], json.loads(each["input"])["modelPackageArn"]) for each in described)

        environment = (("PLATFORM_NAME", name), ("STATE_MACHINE_ARN", machine))
        event = registry.decide(version, "Approved")
        if case == "Rejected":
            processes.run("ModelApproval", event, HOME, **dict(environment))
            event = registry.decide(version, "Rejected")
        if case == "behind a later approval":
            processes.run("ModelApproval", registry.decide(other, "Approved"), HOME, **dict(environment))
        return Request("ModelApproval", event, HOME, executions, (name,), environment)

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


def register(
    clients: Clients, platform_name: str, group: str, *stages: dict, stack_sets: dict = SELF_MANAGED, **more
) -> None:
    """Registers a group, with a sample payload for its endpoints."""
    registration = {
        "stages": list(stages),
        "endpoint": {
            "type": "realTime",
            "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}],
        },
        "verification": {"payload": {"text": "5.1,3.5"}, "contentType": "text/csv"},
        "modelExecutionRoleName": "secure-mlops-model",
        "stackSet": stack_sets,
        "separationOfDuties": True,
        **more,
    }
    name = f"/{platform_name}/deployments/{group}/registration"
    clients.hub("ssm").put_parameter(Name=name, Type="String", Value=json.dumps(registration), Overwrite=True)


def test_whose_turn_it_is(clients, processes):
    """A newer execution lets an older one go that waits for an answer which nobody needs any more."""
    states, ssm = clients.hub("stepfunctions"), clients.hub("ssm")

    def make(_: int) -> Request:
        name = f"tried-{next(_numbers)}"
        machine = states.create_state_machine(
            name=name, definition=json.dumps(ASKING), roleArn=f"arn:aws:iam::{HUB}:role/tried"
        )["stateMachineArn"]
        path, arn = f"/{name}/deployments/{name}/approval", f"arn:aws:sagemaker:{HOME}:{HUB}:model-package/{name}"
        request = {"platformName": name, "kind": "approval", "modelPackageArn": f"{arn}/2", "approval": {"id": "2"}}
        older, newer = f"{name}-v1-aaaaaaaa", f"{name}-v2-bbbbbbbb"
        pending = {"execution": older, "stage": "production", "version": 1, "modelPackageArn": f"{arn}/1"}
        pending |= {"separationOfDuties": True, "expires": "2027-01-01T00:00:00Z", "summary": "", "results": []}
        started = {}
        for execution, parameter in ((older, f"{path}/production"), (newer, f"/{name}/elsewhere")):
            given = json.dumps({"name": parameter, "pending": pending})
            started[execution] = states.start_execution(stateMachineArn=machine, name=execution, input=given)[
                "executionArn"
            ]
            until(
                lambda parameter=parameter: ssm.get_parameters(Names=[parameter])["Parameters"],
                f"parameter {parameter}",
            )

        def released() -> tuple:
            execution = lambda: states.describe_execution(executionArn=started[older])  # noqa: E731
            until(lambda: execution()["status"] != "RUNNING", f"execution {older} to end")
            return execution()["status"], execution()["error"], execution()["cause"]

        event = {"action": "turn", "stateMachine": machine, "execution": newer, "request": request, "place": "start"}
        return Request("ModelDeployment", event, HOME, released, (f"{name}-v2-[0-9a-f]{{8}}", name))

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


def test_model_access(clients, processes, registry):
    """A version of all that one can be made of: an image of the hub's own, objects under a prefix, a key, a payload."""
    ecr, sagemaker, s3, bucket = clients.hub("ecr"), clients.hub("sagemaker"), registry.bucket, "encrypted-models"
    key = clients.hub("kms").create_key()["KeyMetadata"]["Arn"]
    accounts = clients.state["organization"]["accounts"]["staging"]
    roles = [f"arn:aws:iam::{each}:role/secure-mlops-model" for each in accounts]
    statement = {
        "Sid": "Decrypt",
        "Effect": "Allow",
        "Principal": {"AWS": roles},
        "Action": "kms:Decrypt",
        "Resource": "*",
    }
    own = {
        "Sid": "Own",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own, statement]})
    clients.hub("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME})
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [by_default]})
    registry.open_bucket(bucket)

    def make(_: int) -> Request:
        name = f"tried-{next(_numbers)}"
        registry.sagemaker.create_model_package_group(ModelPackageGroupName=name)
        tags = [{"Key": "secure-mlops:platform", "Value": name}]
        ecr.create_repository(repositoryName=name, tags=tags)
        ecr.put_image(repositoryName=name, imageTag="1", imageManifest='{"schemaVersion": 2}')
        for part in ("model/a", "model/b"):
            s3.put_object(Bucket=bucket, Key=f"{name}/{part}", Body=b"x")
        s3.put_object(Bucket=MODEL_BUCKET, Key=f"{name}/payload.csv", Body=b"5.1,3.5")
        source = {"S3Uri": f"s3://{bucket}/{name}/model/", "S3DataType": "S3Prefix", "CompressionType": "None"}
        container = {
            "Image": f"{HUB}.dkr.ecr.{HOME}.amazonaws.com/{name}:1",
            "ModelDataSource": {"S3DataSource": source},
        }
        version = sagemaker.create_model_package(
            ModelPackageGroupName=name,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        register(
            clients,
            name,
            name,
            {"name": "staging", "accountIds": accounts},
            verification={"payload": {"s3Uri": f"s3://{MODEL_BUCKET}/{name}/payload.csv"}, "contentType": "text/csv"},
        )
        given = {"platformName": name, "modelPackageArn": version, "modelPackageGroupName": name}
        request = {"action": "plan", "request": {**given, "kind": "approval", "approval": {"id": "1"}}}
        (planned,) = processes.run("ModelDeployment", request, HOME)["invocations"]
        event = {**given, "stages": planned["document"]["stages"], "payload": planned["document"]["payload"]}

        def policies() -> list:
            group = sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"]
            return [unquote(group), ecr.get_repository_policy(repositoryName=name)["policyText"]]

        return Request("ModelAccess", event, HOME, policies, (name, "ModelAccess[0-9a-f]{12}"))

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


class Deployments:
    """Executions for two versions of a group, by a platform of its own for each pair.

    The first goes to a list of two accounts. When the second comes, the stage is two units less one of the accounts: it
    is taken away there, changed in the other one, and new in two more. Whichever comes last may be taken back again.
    """

    def __init__(self, clients: Clients, processes: FunctionProcesses, registry: Registry):
        self.clients, self.processes, self.group, self.bucket = clients, processes, "churn", "records"
        self.versions = registry.create_group(self.group, versions=2)
        for version in self.versions:
            registry.decide(version, "Approved")
        location = {"LocationConstraint": HOME}
        clients.hub("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration=location)
        self.accounts, units = (clients.state["organization"][key] for key in ("accounts", "units"))
        self.units = [units[stage] for stage in STAGES]
        self.stages = (
            {"name": "staging", "accountIds": self.accounts["staging"], "approval": {"expiresAfterHours": 1}},
            {"name": "staging", "organizationalUnitIds": self.units, "exclude": self.accounts["staging"][:1]},
        )
        Platform(clients, own_architecture()).admit([each for stage in STAGES for each in self.accounts[stage]])

    def run(self, versions: int, kills: dict[Place, list[Kill]], fails_at_last: bool = False) -> tuple[str, Drive]:
        """Deploys the first so many versions, the last with kills. Returns the platform and the last execution."""
        name = f"tried-{next(_numbers)}"
        for version, stage in zip(self.versions[:versions], self.stages[:versions], strict=True):
            register(self.clients, name, self.group, stage)
            is_last = version == self.versions[versions - 1]
            drive = Drive(self.processes, HOME, self.bucket, kills if is_last else {})
            drive.run(name, version, fails_at_last and is_last)
        return name, drive

    def state(self, name: str) -> str:
        """What a platform has made: its stack sets with all their operations, endpoints and records."""
        api, found = self.clients.stack_sets(), []
        listed = api.get_paginator("list_stack_sets").paginate(Status="ACTIVE")
        for each in (each for page in listed for each in page["Summaries"]):
            if each["StackSetName"].startswith(f"{name}-"):
                instances = api.list_stack_instances(StackSetName=each["StackSetName"])["Summaries"]
                operations = api.list_stack_set_operations(StackSetName=each["StackSetName"])["Summaries"]
                found.append(sorted((it["Account"], it["StackInstanceStatus"]["DetailedStatus"]) for it in instances))
                found.append(sorted((it["Action"], it["Status"]) for it in operations))
        platform = Platform(self.clients, own_architecture(), name)
        found += [(it.account_id, it.version, it.status) for it in platform.endpoints(self.group)]
        records = self.clients.hub("ssm").get_parameters_by_path(Path=f"/{name}/deployments/{self.group}/live")
        found += [json.loads(each["Value"]) for each in records["Parameters"]]
        found += self.documents(name)
        # Names of endpoints and of their configurations end with hashes over the platform's.
        return killing.anonymous(found, f"{name}[0-9a-z-]*", "[0-9.]+ ms", '"latencyMs": [0-9]+')

    def documents(self, name: str) -> list[str]:
        """History and results of a platform: all have one bucket, and an execution's name ends with the platform's."""
        s3 = self.clients.hub("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        own = [key for key in keys if f"-{name}" in key and key.endswith(".json")]
        return [(key, json.loads(s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())) for key in own]


@pytest.fixture(scope="module")
def deployments(clients, processes, registry):
    return Deployments(clients, processes, registry)


@pytest.mark.parametrize(
    ("number", "fails_at_last"),
    [(1, False), (2, False), (1, True), (2, True)],
    ids=["first version", "second version", "first version, taken back", "second version, taken back"],
)
def test_a_deployment(deployments, number, fails_at_last):
    name, undisturbed = deployments.run(number, {}, fails_at_last)
    expected = deployments.state(name)
    serve = Platform(deployments.clients, own_architecture(), name).endpoints(deployments.group)
    assert len(serve) == {(1, False): 2, (2, False): 3, (1, True): 0, (2, True): 1}[number, fails_at_last]
    kills = {place: killing.kills(calls) for place, calls in undisturbed.calls.items()}
    # What changes something is killed once in an execution; what only looks, at every call in one. What comes before a
    # roll-back was tried without one, and its tasks are killed together. Access has a test of its own, since all tries
    # share the group.
    changing = [
        place for place in kills if place[0] in CHANGES and (not fails_at_last or undisturbed.is_of_roll_back(place))
    ]
    if fails_at_last:
        most = max(undisturbed.calls[place] for place in changing)
        tried = [{place: [kill] for place in changing if kill in kills[place]} for kill in killing.kills(most)]
    else:
        tried = [{place: [kill]} for place in changing for kill in kills[place]]
    tried.append(
        {
            place: kills[place]
            for place in kills
            if place[0] not in (*CHANGES, "access") and (place[0] != "poll" or place[1] == 0)
        }
    )

    def difference(kills: dict[Place, list[Kill]]) -> str | None:
        shown = "; ".join(f"{place}: {', '.join(map(str, kill))}" for place, kill in kills.items())
        try:
            name, _ = deployments.run(number, kills, fails_at_last)
        except AssertionError as error:
            return f"{shown}: {error}"
        found = deployments.state(name)
        return None if found == expected else f"{shown}:\n  expected {expected}\n  found    {found}"

    found = killing.in_parallel(difference, tried)
    assert not found, "\n".join(found)


def test_a_deployment_that_is_watched_and_asks_asynchronously(clients, deployments, processes):
    """Waves with a time between them, and endpoints that put their answers into buckets, undisturbed."""
    name = f"tried-{next(_numbers)}"
    s3 = clients.hub("s3")
    s3.put_object(Bucket=deployments.bucket, Key="payloads/sample.csv", Body=b"5.1,3.5")
    register(
        clients,
        name,
        deployments.group,
        {
            "name": "staging",
            "accountIds": deployments.accounts["staging"],
            "waves": {"canary": {"accounts": 1, "bakeSeconds": 1}},
        },
        endpoint={
            "type": "asynchronous",
            "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}],
            "asynchronous": {"outputPath": f"s3://{deployments.bucket}/answers/"},
        },
        verification={
            "payload": {"s3Uri": f"s3://{deployments.bucket}/payloads/sample.csv"},
            "contentType": "text/csv",
        },
    )
    Drive(processes, HOME, deployments.bucket).run(name, deployments.versions[0])
    platform = Platform(clients, own_architecture(), name)
    assert [each.status for each in platform.endpoints(deployments.group)] == ["InService"] * 2


@pytest.mark.parametrize("fails_at_last", [False, True], ids=["live", "taken back"])
def test_a_deployment_to_accounts_by_their_unit(clients, deployments, processes, fails_at_last):
    """The other permission model, undisturbed: what it asks of the organization is in the role too."""
    name = f"tried-{next(_numbers)}"
    stage = {"name": "staging", "organizationalUnitIds": deployments.units}
    register(clients, name, deployments.group, stage, stack_sets=SERVICE_MANAGED)
    Drive(processes, HOME, deployments.bucket).run(name, deployments.versions[0], fails_at_last)
    platform = Platform(clients, own_architecture(), name)
    assert len(platform.endpoints(deployments.group)) == (0 if fails_at_last else 4)


def test_deployed_models(deployments, processes):
    def make(_: int) -> Request:
        name, _ = deployments.run(1, {})
        properties = {"PlatformName": name, "OnDelete": "Delete"}
        event = custom_resource("DeployedModels", "Delete", properties)
        event |= physical_id(processes, "DeployedModels", properties)
        return Request("DeployedModels", event, HOME, lambda: deployments.state(name), (name,))

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)
