"""The platform on a local cloud: deployed by the real `sam deploy`, used as people and AWS's services use it."""

import json
import platform
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import accounts
import sam
import stack
from clients import Clients

REPOSITORY = Path(__file__).resolve().parent.parent
BUILT_TEMPLATE = REPOSITORY / ".aws-sam" / "build" / "template.yaml"
TEMPLATES = REPOSITORY / "templates"
MODELS_TEMPLATE = Path(__file__).resolve().parent / "models.yaml"
STAGES = ("staging", "production")


def own_architecture() -> str:
    """This machine's processor as the template's parameter `Architecture` names it: functions run here."""
    return {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]


class NotBuilt(Exception):
    """There is nothing to deploy."""


def require_build(architecture: str) -> None:
    if not BUILT_TEMPLATE.exists():
        raise NotBuilt(
            f"{BUILT_TEMPLATE} does not exist; build with: sam build --parameter-overrides Architecture={architecture}"
        )


@dataclass(frozen=True)
class Endpoint:
    """What serves in one account: `version` is that of the model package behind the live configuration."""

    account_id: str
    stage: str
    name: str
    status: str
    group: str
    version: int


class Platform:
    """One platform of a local cloud; several may stand side by side under different names."""

    def __init__(self, clients: Clients, architecture: str, name: str = "secure-mlops"):
        self.clients, self.architecture, self.name = clients, architecture, name
        self.organization = clients.state["organization"]
        self.roles_stack = f"{name}-roles"
        self.roles = {
            "ModelRoleName": f"{name}-model",
            "StackSetExecutionRoleName": f"{name}-stack-set-execution",
        }

    def deploy(self, **parameters: str) -> dict[str, str]:
        """Deploys, or updates with what differs from the last time. Returns the outputs."""
        require_build(self.architecture)
        given = {"PlatformName": self.name, "Architecture": self.architecture, **self.roles, **parameters}
        return sam.deploy(self.clients, BUILT_TEMPLATE, self.name, given)

    def change(self, **parameters: str) -> None:
        """Changes parameters of the stack and nothing else, as a person does in the console."""
        cloudformation = self.clients.hub("cloudformation")
        (deployed,) = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        kept = [each["ParameterKey"] for each in deployed["Parameters"] if each["ParameterKey"] not in parameters]
        given = [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
        given += [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        cloudformation.update_stack(
            StackName=self.name,
            UsePreviousTemplate=True,
            Parameters=given,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        made = stack.settled(cloudformation, self.name)
        if made.status != "UPDATE_COMPLETE":
            reasons = "; ".join(stack.failures(cloudformation, made.identifier))
            raise stack.StackFailed(f"stack {made.identifier} is {made.status}: {reasons}")

    def delete(self) -> None:
        """Deletes the platform's stack, as a person does in the console."""
        stack.delete(self.clients.hub("cloudformation"), self.name)

    def delete_records(self, bucket: str) -> int:
        """Empties and deletes a bucket that outlives the stack. Returns how many objects there were."""
        s3 = self.clients.hub("s3")
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        versions = [each for page in pages for kind in ("Versions", "DeleteMarkers") for each in page.get(kind, [])]
        for each in versions:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
        s3.delete_bucket(Bucket=bucket)
        return len(versions)

    def outputs(self) -> dict[str, str]:
        return stack.settled(self.clients.hub("cloudformation"), self.name).outputs

    def admit(self, account_ids: list[str]) -> None:
        """Creates the platform's roles in target accounts, which their administrators do in AWS."""
        parameters = {"PlatformName": self.name, "HubAccountId": self.clients.state["account_id"], **self.roles}
        template = TEMPLATES / "target" / "roles.yaml"
        accounts.create_roles(self.clients.state["moto"]["url"], account_ids, template, self.roles_stack, parameters)

    def dismiss(self, account_ids: list[str]) -> None:
        """Deletes those roles."""
        for account_id in account_ids:
            stack.delete(self.clients.inside("cloudformation", account_id), self.roles_stack)

    def register(self, group: str, **parameters: str) -> None:
        """Registers a model package group, to be deployed to staging and then to production."""
        self._create(
            f"{self.name}-{group}",
            TEMPLATES / "model-registration.yaml",
            PlatformName=self.name,
            ModelPackageGroupName=group,
            StagingOrganizationalUnitId=self.organization["units"]["staging"],
            ProductionOrganizationalUnitId=self.organization["units"]["production"],
            StackSetAdministrationRoleArn=self.outputs()["StackSetAdministrationRoleArn"],
            **self.roles,
            **parameters,
        )

    def unregister(self, group: str) -> None:
        stack.delete(self.clients.hub("cloudformation"), f"{self.name}-{group}")

    def open_models(self, bucket: str, organization_paths: str) -> None:
        """Lets the accounts below those places read a bucket of models, as an environment does it."""
        self._create(
            f"{self.name}-models",
            MODELS_TEMPLATE,
            ServiceToken=self.outputs()["CrossAccountAccessFunctionArn"],
            BucketName=bucket,
            OrganizationPaths=organization_paths,
            RoleName=self.roles["ModelRoleName"],
        )

    def close_models(self) -> None:
        stack.delete(self.clients.hub("cloudformation"), f"{self.name}-models")

    def _create(self, name: str, template: Path, **parameters: str) -> None:
        made = stack.create(self.clients.hub("cloudformation"), name, template.read_text(), **parameters)
        if made.status != "CREATE_COMPLETE":
            reasons = "; ".join(stack.failures(self.clients.hub("cloudformation"), made.identifier))
            raise stack.StackFailed(f"stack {made.identifier} is {made.status}: {reasons}")

    def deliver(self, event: bytes) -> bool:
        """Does what EventBridge does with an event: hands it to the rule's targets if the rule's pattern matches.

        Returns whether it does. An event of a source `aws.*` cannot be put on the bus, here as in AWS.
        """
        events, rule = self.clients.hub("events"), self.outputs()["ModelApprovalRuleName"]
        pattern = events.describe_rule(Name=rule)["EventPattern"]
        if not events.test_event_pattern(EventPattern=pattern, Event=event.decode())["Result"]:
            return False
        for target in events.list_targets_by_rule(Rule=rule)["Targets"]:
            self.hand_over(event, target["Arn"])
        return True

    def hand_over(self, event: bytes, function: str | None = None) -> None:
        """Invokes the approval function asynchronously, past the rule."""
        function = function or self.outputs()["ModelApprovalFunctionArn"]
        self.clients.hub("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)

    def executions(self, group: str) -> list[dict]:
        """Every execution for a group's versions, oldest first, as DescribeExecution answers it."""
        states, machine = self.clients.hub("stepfunctions"), self.outputs()["ModelDeploymentStateMachineArn"]
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        found = [each["executionArn"] for page in pages for each in page["executions"]]
        described = [states.describe_execution(executionArn=arn) for arn in found]
        of_group = [each for each in described if _group(json.loads(each["input"])["modelPackageArn"]) == group]
        return sorted(of_group, key=lambda each: each["startDate"])

    def execution_ended(self, group: str, number: int, limit: float = 90.0) -> dict:
        """The group's execution that was started as the `number`th, once it has ended."""
        deadline = time.monotonic() + limit
        while True:
            found = self.executions(group)
            if len(found) >= number and found[number - 1]["status"] != "RUNNING":
                return found[number - 1]
            if time.monotonic() > deadline:
                state = found[number - 1]["status"] if len(found) >= number else f"there are only {len(found)}"
                raise TimeoutError(f"execution {number} for {group} has not ended within {limit:.0f} seconds: {state}")
            time.sleep(0.2)

    def history(self, group: str) -> list[dict]:
        """The history records of a group, oldest first."""
        return self.records(f"history/{group}/")

    def results(self, group: str) -> list[dict]:
        """What verifications of a group saw."""
        return self.records(f"results/{group}/")

    def records(self, prefix: str) -> list[dict]:
        """The JSON documents under a prefix of the bucket of records, in the order of their keys."""
        s3, bucket = self.clients.hub("s3"), self.outputs()["DeploymentRecordsBucketName"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", []) if each["Key"].endswith(".json")]
        return [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]

    def live(self, group: str) -> dict[str, int]:
        """Which version is recorded as live in each stage of a group."""
        path = f"/{self.name}/deployments/{group}/live"
        found = self.clients.hub("ssm").get_parameters_by_path(Path=path)["Parameters"]
        return {each["Name"].rpartition("/")[2]: json.loads(each["Value"])["version"] for each in found}

    def question(self, group: str) -> dict | None:
        """What is asked before a stage of a group, if somebody is asked; with the token."""
        path = f"/{self.name}/deployments/{group}/approval"
        found = self.clients.hub("ssm").get_parameters_by_path(Path=path, WithDecryption=True)["Parameters"]
        return json.loads(found[0]["Value"]) if found else None

    def metric(self, name: str, group: str | None = None) -> float:
        """How often a metric of the deployments was counted."""
        dimensions = [{"Name": "PlatformName", "Value": self.name}]
        dimensions += [{"Name": "ModelPackageGroupName", "Value": group}] if group else []
        now = datetime.now(timezone.utc)
        found = self.clients.hub("cloudwatch").get_metric_statistics(
            Namespace="SecureMlops",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )
        return sum(each["Sum"] for each in found["Datapoints"])

    def endpoints(self, group: str) -> list[Endpoint]:
        """The endpoints of a group in the target accounts, seen from inside each account."""
        found = []
        for stage in STAGES:
            for account_id in self.organization["accounts"][stage]:
                sagemaker = self.clients.inside("sagemaker", account_id)
                pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=f"{self.name}-{group}-")
                for listed in (each for page in pages for each in page["Endpoints"]):
                    found.append(_endpoint(sagemaker, account_id, stage, listed["EndpointName"]))
        return found

    def decided(self, event: bytes, number: int, limit: float = 20.0) -> list[str]:
        """What the approval function decided on an event, once it has had it so often; by its own log."""
        identifier, deadline = json.loads(event)["id"], time.monotonic() + limit
        while True:
            lines = [line for line in self.log("model-approval") if line.get("event_id") == identifier]
            outcomes = [json.loads(line["outcome"]) for line in lines if "outcome" in line]
            if len(outcomes) >= number:
                return [each.get("reason", each["outcome"]) for each in outcomes]
            if time.monotonic() > deadline:
                raise TimeoutError(f"event {identifier} was decided {len(outcomes)} times, not {number}: {lines}")
            time.sleep(0.1)

    def failed_events(self) -> list[dict]:
        """The messages that wait in the queue of failed events; they stay there."""
        queue = {"QueueUrl": self.outputs()["FailedEventsUrl"], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        return [
            json.loads(each["Body"]) for each in self.clients.hub("sqs").receive_message(**queue).get("Messages", [])
        ]

    def log(self, function: str) -> list[dict]:
        """The log lines of one of the platform's functions, oldest first; lines that are not JSON under `message`."""
        logs, group = self.clients.hub("logs"), f"/aws/lambda/{self.name}-{function}"
        found = []
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            found += [(each["timestamp"], each["message"]) for each in page["events"]]
        return [_line(message) for _, message in sorted(found, key=lambda pair: pair[0])]


def _endpoint(sagemaker, account_id: str, stage: str, name: str) -> Endpoint:
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    package = model["PrimaryContainer"]["ModelPackageName"]
    return Endpoint(
        account_id, stage, name, endpoint["EndpointStatus"], _group(package), int(package.rpartition("/")[2])
    )


def _group(package: str) -> str:
    return package.split("/")[1]


def _line(message: str) -> dict:
    try:
        line = json.loads(message)
    except ValueError:
        line = None
    return line if isinstance(line, dict) else {"message": message}
