"""A function that is killed in the middle of a request and gets it again ends where an undisturbed one does."""

import json
from itertools import count

import inventory
import killing
import pytest
from clients import Clients
from cloudformation_request import HOME, HUB, custom_resource, physical_id
from deployed_platform import STAGES, Platform, own_architecture
from deployment_drive import Drive, Place
from function_process import FunctionProcesses, Kill
from killing import Request
from model_registry import Registry

ROLES = [f"arn:aws:iam::{HUB}:role/studio/{name}" for name in ("first", "second", "third")]
REGIONS = (
    "eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1 us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 "
    "sa-east-1 ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 ap-northeast-2"
).split()
WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86400, "End": True}}}
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


@pytest.mark.parametrize("status", ["Approved", "Rejected"])
def test_model_approval(clients, processes, registry, status):
    states = clients.hub("stepfunctions")

    def make(_: int) -> Request:
        name = f"tried-{next(_numbers)}"
        (version,) = registry.create_group(name, versions=1)
        register(clients, name, name, {"accountIds": clients.state["organization"]["accounts"]["staging"]})
        machine = states.create_state_machine(
            name=name, definition=json.dumps(WAITING), roleArn=f"arn:aws:iam::{HUB}:role/tried"
        )["stateMachineArn"]

        def executions() -> list[tuple]:
            listed = states.list_executions(stateMachineArn=machine)["executions"]
            described = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
            # The name is made from the group's, which only this try has.
            return [(each["status"], json.loads(each["input"])["modelPackageArn"]) for each in described]

        environment = (("PLATFORM_NAME", name), ("STATE_MACHINE_ARN", machine))
        event = registry.decide(version, "Approved")
        if status == "Rejected":
            processes.run("ModelApproval", event, HOME, **dict(environment))
            event = registry.decide(version, "Rejected")
        return Request("ModelApproval", event, HOME, executions, (name,), environment)

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


def register(clients: Clients, platform_name: str, group: str, stage: dict, stack_sets: dict = SELF_MANAGED) -> None:
    """Registers a group with one stage."""
    registration = {
        "stages": [{"name": "staging", **stage}],
        "instance": {"type": "ml.m5.large", "count": 1},
        "modelExecutionRoleName": "secure-mlops-model",
        "stackSet": stack_sets,
    }
    name = f"/{platform_name}/deployments/{group}/registration"
    clients.hub("ssm").put_parameter(Name=name, Type="String", Value=json.dumps(registration), Overwrite=True)


class Deployments:
    """Executions for two versions of a group, by a platform of its own for each pair.

    The first goes to a list of two accounts. When the second comes, the stage is two units less one of the accounts: it
    is taken away there, changed in the other one, and new in two more.
    """

    def __init__(self, clients: Clients, processes: FunctionProcesses, registry: Registry):
        self.clients, self.processes, self.group = clients, processes, "churn"
        self.versions = registry.create_group(self.group, versions=2)
        for version in self.versions:
            registry.decide(version, "Approved")
        self.accounts, units = (clients.state["organization"][key] for key in ("accounts", "units"))
        self.units = [units[stage] for stage in STAGES]
        self.stages = (
            {"accountIds": self.accounts["staging"]},
            {"organizationalUnitIds": self.units, "exclude": self.accounts["staging"][:1]},
        )
        Platform(clients, own_architecture()).admit([each for stage in STAGES for each in self.accounts[stage]])

    def run(self, versions: int, kills: dict[Place, list[Kill]]) -> tuple[str, Drive]:
        """Deploys the first so many versions, the last with kills. Returns the platform and the last execution."""
        name = f"tried-{next(_numbers)}"
        for version, stage in zip(self.versions[:versions], self.stages[:versions], strict=True):
            register(self.clients, name, self.group, stage)
            drive = Drive(self.processes, HOME, kills if version == self.versions[versions - 1] else {})
            drive.run(name, version)
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
        for record in map(json.loads, (each["Value"] for each in records["Parameters"])):
            del record["endpointName"]  # ends with a hash over the platform's name
            found.append(record)
        return killing.anonymous(found, name)


@pytest.fixture(scope="module")
def deployments(clients, processes, registry):
    return Deployments(clients, processes, registry)


@pytest.mark.parametrize("number", [1, 2], ids=["first version", "second version"])
def test_model_deployment(deployments, number):
    name, undisturbed = deployments.run(number, {})
    expected = deployments.state(name)
    assert "InService" in expected
    kills = {place: killing.kills(calls) for place, calls in undisturbed.calls.items()}
    # What changes something is killed once in an execution; what only looks, at every call in one.
    tried = [{place: [kill]} for place in kills if place[0] in ("deploy", "record") for kill in kills[place]]
    tried.append({place: kills[place] for place in kills if place[0] in ("plan", "verify") or place == ("poll", 0)})

    def difference(kills: dict[Place, list[Kill]]) -> str | None:
        shown = "; ".join(f"{place}: {', '.join(map(str, kill))}" for place, kill in kills.items())
        try:
            name, _ = deployments.run(number, kills)
        except AssertionError as error:
            return f"{shown}: {error}"
        found = deployments.state(name)
        return None if found == expected else f"{shown}:\n  expected {expected}\n  found    {found}"

    found = killing.in_parallel(difference, tried)
    assert not found, "\n".join(found)


def test_model_deployment_to_accounts_by_their_unit(clients, deployments, processes):
    """The other permission model, undisturbed: what it asks of the organization is in the role too."""
    name = f"tried-{next(_numbers)}"
    register(clients, name, deployments.group, {"organizationalUnitIds": deployments.units}, SERVICE_MANAGED)
    Drive(processes, HOME).run(name, deployments.versions[0])
    assert deployments.state(name).count("InService") == 4


def test_deployed_models(deployments, processes):
    def make(_: int) -> Request:
        name, _ = deployments.run(1, {})
        properties = {"PlatformName": name, "OnDelete": "Delete"}
        event = custom_resource("DeployedModels", "Delete", properties)
        event |= physical_id(processes, "DeployedModels", properties)
        return Request("DeployedModels", event, HOME, lambda: deployments.state(name), (name,))

    found = killing.differences(processes, make)
    assert not found, "\n".join(found)
