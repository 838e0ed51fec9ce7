"""A model package group on a deployed platform: registered, approved, looked at."""

import json
import uuid
from itertools import count

from deployed_platform import STAGES, Platform
from model_registry import IMAGE, Registry
from people import Inbox, Person, until

_numbers = count(1)
ENDPOINT = {"type": "realTime", "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 1}}]}


def registration(platform: Platform, **changed: object) -> dict:
    """Staging, then production with one account first; `changed` replaces members."""
    units = platform.organization["units"]
    production = {"accounts": 1, "bakeSeconds": 20, "alarmNames": []}
    return {
        "stages": [
            {"name": "staging", "organizationalUnitIds": [units["staging"]]},
            {"name": "production", "organizationalUnitIds": [units["production"]], "waves": {"canary": production}},
        ],
        "endpoint": ENDPOINT,
        "verification": {"payload": {"text": "5.1,3.5"}, "contentType": "text/csv"},
        "modelExecutionRoleName": platform.roles["ModelRoleName"],
        "stackSet": {
            "permissionModel": "SELF_MANAGED",
            "administrationRoleArn": platform.outputs()["StackSetAdministrationRoleArn"],
            "executionRoleName": platform.roles["StackSetExecutionRoleName"],
        },
        "rollbackOnReject": True,
        "separationOfDuties": True,
        **changed,
    }


def asked(document: dict, hours: int = 72) -> dict:
    """The same, with a person asked before production."""
    document["stages"][1]["approval"] = {"expiresAfterHours": hours}
    return document


class Group:
    """One group; its versions are counted from 1."""

    def __init__(self, platform: Platform, registry: Registry, approver: Person, inbox: Inbox):
        self.platform, self.registry, self.approver, self.inbox = platform, registry, approver, inbox
        self.name, self.started = f"deployed-{next(_numbers)}", 0
        self.versions: list[str] = []
        self.states, self.ssm = platform.clients.hub("stepfunctions"), platform.clients.hub("ssm")
        self.staging, self.production = (platform.organization["accounts"][stage] for stage in STAGES)

    def register(self, document: dict | None = None, versions: int = 1, image: str = IMAGE) -> "Group":
        if not self.versions:
            self.versions = self.registry.create_group(self.name, versions, image)
        document = document or registration(self.platform)
        name = f"/{self.platform.name}/deployments/{self.name}/registration"
        self.ssm.put_parameter(Name=name, Type="String", Value=json.dumps(document), Overwrite=True)
        return self

    def decide(self, number: int, status: str = "Approved") -> bytes:
        """Approves or rejects a version anew, without waiting for anything."""
        version = self.versions[number - 1]
        self.registry.decide(version, "PendingManualApproval")
        event = self.registry.decide(version, status)
        assert self.platform.deliver(event)
        self.started += 1
        return event

    def approve(self, number: int) -> dict:
        """Approves a version; the execution, once it has ended."""
        self.decide(number)
        return self.ended()

    def go_live(self, *numbers: int) -> None:
        for number in numbers:
            execution = self.approve(number)
            assert execution["status"] == "SUCCEEDED", execution.get("cause")
            assert self.runs() == {each: number for each in self.staging + self.production}

    def start(self, number: int, **changed: object) -> dict:
        """Starts an execution by hand, past the function that starts them; the execution, once it has ended."""
        self.registry.decide(self.versions[number - 1], "Approved")
        approval = {"id": str(uuid.uuid4()), "by": "somebody", "registeredBy": self.registered_by}
        request = {
            "platformName": self.platform.name,
            "modelPackageArn": self.versions[number - 1],
            "approval": approval,
        }
        self.states.start_execution(
            stateMachineArn=self.platform.outputs()["ModelDeploymentStateMachineArn"],
            name=f"{self.name}-v{number}-{uuid.uuid4().hex[:8]}",
            input=json.dumps({"kind": "approval", **request, **changed}),
        )
        self.started += 1
        return self.ended()

    @property
    def registered_by(self) -> str:
        return self.registry.scientist.hub("sts").get_caller_identity()["Arn"]

    def ended(self, number: int | None = None) -> dict:
        """An execution by its number, the last one without; once it has ended."""
        return self.platform.execution_ended(self.name, number or self.started)

    def asks(self, version: int) -> dict:
        """The question about a version, once it is there."""

        def found() -> dict | None:
            question = self.platform.question(self.name)
            return question if question and question["version"] == version else None

        return until(found, f"a question about version {version} of {self.name}")

    def answer(self, verb: str, *arguments: str):
        return self.approver.mlops(verb, "--group", self.name, "--yes", *arguments)

    def runs(self) -> dict[str, int]:
        """Which version is in service in each account."""
        return {
            each.account_id: each.version for each in self.platform.endpoints(self.name) if each.status == "InService"
        }

    def happened(self, last: str) -> list[str]:
        """The states that the bus told of, once the last one is there."""
        return until(
            lambda: (found := self.inbox.states(self.name))[-1:] == [last] and found, f"event {last} of {self.name}"
        )

    def recorded(self) -> list[tuple]:
        """Kind, stage and version of every history record, oldest first."""
        return [(each["kind"], each["stage"], each["version"]) for each in self.platform.history(self.name)]

    def entered(self, execution: dict) -> list[str]:
        """The states of the machine that an execution entered."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
        events = [each for page in pages for each in page["events"]]
        return [each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each]
