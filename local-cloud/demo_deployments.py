"""The demo's deployments: versions of a model that are approved, fail, are taken back and rejected."""

import json
from datetime import datetime, timezone
from pathlib import Path

from clients import Clients
from demo_report import expect, say
from deployed_platform import STAGES, Endpoint, Platform
from model_registry import MODEL_BUCKET, Registry
from people import Inbox, Person, until

GROUP = "churn"
UNREGISTERED_GROUP = "experiments"
# Short times: the local cloud lets them pass twenty times as fast.
REGISTRATION = {
    "CanaryAccounts": "1",
    "CanaryBakeSeconds": "40",
    "ProductionApprovalHours": "1",
    "SamplePayload": "5.1,3.5,1.4,0.2",
}


class Deployments:
    """Of one group of models, registered with one platform."""

    def __init__(self, clients: Clients, platform: Platform, mlops: Path):
        self.clients, self.platform = clients, platform
        self.registry = Registry(clients)
        self.scientist, self.approver = (
            Person(each, mlops, platform.name) for each in (self.registry.scientist, self.registry.approver)
        )
        # Who is in the organization from the beginning, and so has the models.
        accounts = platform.organization["accounts"]
        self.serving = [(each, stage) for stage in STAGES for each in accounts[stage]]

    def create_groups(self) -> None:
        self.versions = self.registry.create_group(GROUP, versions=3)
        self.experiment, self.pending = self.registry.create_group(UNREGISTERED_GROUP, versions=2)
        say(f"model package groups {GROUP} with three versions, {UNREGISTERED_GROUP} with two; bucket {MODEL_BUCKET}")

    def register(self) -> None:
        outputs = self.platform.outputs()
        self.platform.open_models(MODEL_BUCKET, outputs["TargetOrganizationPaths"])
        self.platform.register(GROUP, **REGISTRATION)
        self.inbox = Inbox(self.clients, "who-approves")
        self.inbox.subscribe(outputs["DeploymentApprovalsTopicArn"])
        self.inbox.listen({"source": ["secure-mlops"], "detail-type": ["Model Deployment State Change"]})
        say("custom resource CrossAccountAccess wrote the bucket's policy; the group is registered for two stages")

    def unregister(self) -> None:
        self.inbox.close()
        self.platform.unregister(GROUP)
        self.platform.close_models()

    def approve(self, number: int) -> None:
        execution = self._decide(number, "Approved", number)
        expect(f"execution {execution['name']}: {execution.get('cause', '')}", "SUCCEEDED", execution["status"])
        self.compare_endpoints(number)
        say(f"execution {execution['name']} succeeded; version {number} is InService in four accounts")

    def repeat(self) -> None:
        for _ in range(2):
            self.platform.deliver(self.event)
        decisions = self.platform.decided(self.event, 3)
        expect("decisions on the three deliveries", ["deploymentStarted", "live", "live"], decisions)
        self._nothing_changes(executions=1, version=1)
        say(f"decided: {', '.join(decisions)}; still one execution")

    def ask_what_ran(self) -> None:
        """Of the account that gets a version last: when the first one of production had version 2, and now."""
        account = self.last_account
        records = [each for each in self.platform.history(GROUP) if each["stage"] == "production"]
        canary = next(each["time"] for each in records if each["version"] == 2)
        for at, version in ((canary, 1), (_now(), 2)):
            answer = self.approver.mlops("status", "--account", account, "--at", at)
            expect(f"mlops status: {answer.said}", 0, answer.code)
            (ran,) = answer.document["versions"]
            expect(f"version in {account} at {at}", version, ran["version"])
            expect("who let it into production", self.approver.arn, ran["decision"]["by"])
            say(f"mlops status --account {account} --at {at}: version {version}, let in by {ran['decision']['by']}")

    def send_what_decides_nothing(self) -> None:
        unregistered = self.registry.decide(self.experiment, "Approved")
        expect("the rule lets every group's approval through", True, self.platform.deliver(unregistered))
        pending = self.registry.event(self.pending)
        expect("the rule lets a pending version through", False, self.platform.deliver(pending))
        self.platform.hand_over(pending)
        expect("decision on an unregistered group", ["notRegistered"], self.platform.decided(unregistered, 1))
        expect("decision on a pending version", ["notDecided"], self.platform.decided(pending, 1))
        self._nothing_changes(executions=2, version=2)
        say("an unregistered group and a pending version: no execution, no change")

    def fail_in_one_account(self) -> None:
        account, refusal = self.last_account, "the account-level service limit is 0 Instances"
        refused = {"service": "sagemaker", "operation": "UpdateEndpoint", "error": "ResourceLimitExceeded"}
        self.clients.inject({"account": account, "message": refusal, **refused})
        execution = self._decide(3, "Approved", 3)
        self.clients.inject()
        self._everything_was_taken_back(execution, account, refusal)

    def take_back_silently(self) -> None:
        account, reason = self.last_account, "an alarm went off while the traffic was shifted"
        self.clients.inject({"account": account, "taken_back": True, "message": reason, "times": 1})
        self.registry.decide(self.versions[2], "PendingManualApproval")
        execution = self._decide(3, "Approved", 4)
        self.clients.inject()
        self._everything_was_taken_back(execution, account, reason)

    def _everything_was_taken_back(self, execution: dict, account: str, reason: str) -> None:
        expect(
            f"execution {execution['name']}", ("FAILED", "StageFailed"), (execution["status"], execution.get("error"))
        )
        report = json.loads(execution["cause"])
        expect("account that failed", [account], [each["account"] for each in report["failures"]])
        expect(f"reason {report['failures'][0]['reason']}", True, reason in report["failures"][0]["reason"])
        self.compare_endpoints(2)
        taken_back = [each["stage"] for each in self.platform.history(GROUP)[-2:] if each["kind"] == "rollBack"]
        expect("records of the roll-back", ["production", "staging"], taken_back)
        states = until(
            lambda: (found := self.inbox.states(GROUP))[-1] == "RolledBack" and found, "the event RolledBack"
        )
        say(f"{account} failed: {report['failures'][0]['reason']}")
        say(f"all four accounts run version 2 again; event {states[-1]}, two records of the roll-back")

    def reject(self) -> None:
        execution = self._decide(2, "Rejected", 5)
        expect(f"execution {execution['name']}: {execution.get('cause', '')}", "SUCCEEDED", execution["status"])
        self.compare_endpoints(1)
        answer = self.approver.mlops("status", "--group", GROUP)
        live = {each["stage"]: (each["version"], each["accounts"]) for each in answer.document["live"]}
        expect("mlops status: live", {stage: (1, 2) for stage in STAGES}, live)
        say("the last good version, 1, is back in four accounts; mlops status says the same")

    def compare_endpoints(self, version: int) -> None:
        wanted = [(account_id, stage, GROUP, version, "InService") for account_id, stage in self.serving]
        endpoints = self.platform.endpoints(GROUP)
        found = [(each.account_id, each.stage, each.group, each.version, each.status) for each in endpoints]
        expect("endpoints (account, stage, group, version, status)", sorted(wanted), sorted(found))

    def compare_waves(self, version: int) -> None:
        """The history says what was deployed where, and in which order."""
        staging, production = (self.platform.organization["accounts"][stage] for stage in STAGES)
        found = [
            (each["kind"], each["stage"], each["version"], each["accounts"]) for each in self.platform.history(GROUP)
        ]
        canary = found[2][3] if len(found) > 2 else []
        expect("accounts of the canary wave", (1, True), (len(canary), set(canary) < set(production)))
        rest = sorted(set(production) - set(canary))
        (self.last_account,) = rest
        wanted = [
            ("wave", "staging", version, sorted(staging)),
            ("stage", "staging", version, sorted(staging)),
            ("wave", "production", version, canary),
            ("wave", "production", version, rest),
            ("stage", "production", version, sorted(production)),
        ]
        expect("history (kind, stage, version, accounts)", wanted, found)
        results = self.platform.results(GROUP)
        failures = sum(each["summary"]["failures"] for each in results)
        answers = sum(len(endpoint["invocations"]) for each in results for endpoint in each["endpoints"])
        expect(
            "checks of the verifications that failed, answers to the sample payload",
            (0, True),
            (failures, answers >= 4),
        )
        say(
            f"history: staging, then {canary[0]} alone, then {', '.join(rest)}; {answers} answers to the sample payload"
        )

    def _nothing_changes(self, executions: int, version: int) -> None:
        expect("number of executions", executions, len(self.platform.executions(GROUP)))
        expect("executions for an unregistered group", [], self.platform.executions(UNREGISTERED_GROUP))
        self.compare_endpoints(version)
        expect("failed events", [], self.platform.failed_events())

    def _decide(self, number: int, status: str, execution: int) -> dict:
        """Approves or rejects a version, answers the question about production; the execution once it has ended."""
        self.event = self.registry.decide(self.versions[number - 1], status)
        expect(f"the rule lets the decision through: {status}", True, self.platform.deliver(self.event))
        if status == "Approved":
            self._answer(number)
        return self.platform.execution_ended(GROUP, execution)

    def _answer(self, number: int) -> None:
        question = until(lambda: self.platform.question(GROUP), f"a question about version {number}")
        expect("version that waits", number, question["version"])
        expect("stage that waits", "production", question["stage"])
        expect("live in staging while production waits", number, self.platform.live(GROUP)["staging"])
        asked = until(self._asked, "the message to those who approve")
        expect("the message names no token", False, question["taskToken"] in asked)
        question = ("--group", GROUP, "--stage", "production", "--model-version", str(number), "--yes")
        if number == 1:
            own = self.scientist.mlops("approve", *question)
            expect(f"mlops for who registered the version: {own.said}", (4, None), (own.code, own.document))
            say(f"mlops approve, by {self.scientist.arn}: refused, who registered a version may not let it pass")
        answer = self.approver.mlops("approve", *question, "--comment", f"CHG-{number}")
        expect(f"mlops approve: {answer.said}", 0, answer.code)
        expect("decision by", self.approver.arn, answer.document["decision"]["by"])
        say(f"mlops approve, by {self.approver.arn}: version {number} may go to production")

    def _asked(self) -> str | None:
        """The newest message of the topic that was not looked at yet."""
        found = [each["Message"] for each in self.inbox.messages() if each.get("Type") == "Notification"]
        self.inbox.received = [each for each in self.inbox.received if each.get("Type") != "Notification"]
        return found[-1] if found else None

    def endpoints(self) -> list[Endpoint]:
        return self.platform.endpoints(GROUP)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
