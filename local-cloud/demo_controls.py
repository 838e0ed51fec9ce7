"""The demo's controls: of two notebook instances of one account, the one against the rules is found and stopped."""

import json
import time

from clients import Clients
from demo_report import expect, say
from deployed_platform import Platform
from people import until
from watched_accounts import CORRECTION, WatchedAccounts

OPEN, CLOSED = "scratch", "fraud-lab"
INTERNET = "notebook-no-direct-internet"
FAILED = {INTERNET, "notebook-imdsv2", "notebook-in-vpc", "notebook-no-root-access", "notebook-volume-key"}
AS_THE_RULES_SAY = {
    "DirectInternetAccess": "Disabled",
    "RootAccess": "Disabled",
    "SubnetId": "subnet-0123456789abcdef0",
    "SecurityGroupIds": ["sg-0123456789abcdef0"],
    "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
}
ROLE = "notebooks"


class Controls:
    """In one target account of a platform that is deployed."""

    def __init__(self, clients: Clients, platform: Platform, account_id: str):
        self.clients, self.account_id = clients, account_id
        self.watched = WatchedAccounts(clients, platform)
        self.sagemaker = clients.inside("sagemaker", account_id)
        self.page = f"s3://{self.watched.bucket}/posture/latest.html"

    def judge(self) -> None:
        """Both are made, the event of each call is delivered, and Security Hub and the report show the same."""
        self._allow("dryRun")
        self._make()
        found = self.watched.findings(self.open)
        failed = [each for each in found if each["Compliance"]["Status"] == "FAILED"]
        expect(f"controls that fail {OPEN}", FAILED, {each["GeneratorId"] for each in failed})
        verdicts = self.watched.verdicts(self.closed)
        expect(f"what Security Hub shows of {CLOSED}", {"PASSED"}, set(verdicts.values()))
        for each in sorted(failed, key=lambda each: each["GeneratorId"]):
            say(f"{each['Severity']['Label']:6} {each['GeneratorId']}: {each['Description']}")
        say(f"by {failed[0]['ProductFields']['Actor']}; {CLOSED} passes {len(verdicts)} controls")
        until(lambda: len(self._notices_of_failures()) >= len(failed), "a notice of each failure")
        told, quiet = self._notices_of_failures(), self.watched.notices(self.closed)
        expect(f"notices of failures, and what is told of {CLOSED}", (len(failed), []), (len(told), quiet))
        say(f"{len(told)} notices to those who subscribed to the topic")
        report = self._sweep()
        failures = {each["control"] for each in report["failures"] if each["arn"] == self.open}
        expect("failures in the report", FAILED, failures)
        swept = {each["account"] for each in report["scopes"] if each["state"] == "swept"}
        expect("who is swept", {self.clients.state["account_id"], *self._targets()}, swept)
        totals = ", ".join(f"{report['totals'][each]} {each}" for each in ("fail", "pass", "exempt", "unknown"))
        say(f"a sweep: {len(swept)} accounts, {report['resources']} resources, those of the models included; {totals}")
        say(f"the report as a page: {self.page}")

    def correct(self) -> None:
        """What the configuration only lets be said is not done; what it lets be done is announced before."""
        self._corrected([("dryRun", "marked"), ("dryRun", "wouldDo")])
        expect(f"status of {OPEN}", "InService", self._status(OPEN))
        say("dry run: marked, and what would be done is said; nothing is touched")
        self._allow("act")
        self._sweep()
        self._corrected([("dryRun", "marked"), ("dryRun", "wouldDo"), ("act", "marked")])
        expect(f"status of {OPEN}", "InService", self._status(OPEN))
        report = self._sweep()
        until(lambda: self._status(OPEN) == "Stopped", f"the end of {OPEN}")
        expect(f"status of {CLOSED}", "InService", self._status(CLOSED))
        expect(f"evidence about {CLOSED}", [], self.watched.evidence(self.closed))
        reported = [(each["arn"], each["action"], each["mode"], each["state"]) for each in report["corrections"]]
        expect("corrections in the report", [(self.open, "stop", "act", "done")], reported)
        evidence = self.watched.evidence(self.open)
        decisions = [each["decision"] for each in evidence]
        expect("evidence", ["marked", "wouldDo", "marked", "acting", "done"], decisions)
        last = evidence[-1]
        say(f"allowed to act, with a grace of 0 hours (24 unless told otherwise): {OPEN} is stopped, {CLOSED} runs on")
        say(f"evidence: {', '.join(decisions)}; {last['call']['operation']}, request {last['requestId']}")
        say(f"  seen {last['seen']['status']}, {last['reason']}, by configuration {last['configuration']}")

    def end(self) -> None:
        """Who made the instance deletes it: its findings are archived."""
        self.watched.bring()
        self.sagemaker.delete_notebook_instance(NotebookInstanceName=OPEN)
        self.watched.bring()
        expect(f"what Security Hub shows of {OPEN}", {"ARCHIVED"}, set(self.watched.verdicts(self.open).values()))
        say(f"{OPEN} is deleted, and its findings are archived")
        expect("failed events", [], self.watched.platform.failed_events())

    def delete(self) -> None:
        """What people made for it."""
        self.watched.close()
        self.sagemaker.stop_notebook_instance(NotebookInstanceName=CLOSED)
        until(lambda: self._status(CLOSED) == "Stopped", f"the end of {CLOSED}")
        self.sagemaker.delete_notebook_instance(NotebookInstanceName=CLOSED)
        self.clients.inside("iam", self.account_id).delete_role(RoleName=ROLE)
        self.clients.inside("kms", self.account_id).schedule_key_deletion(KeyId=self.key["KeyId"])

    def _allow(self, mode: str) -> None:
        """Lets one control's failures in this account be corrected."""
        here = {"accounts": [self.account_id], "graceHours": 0}
        correction = {"control": INTERNET, "action": "stop", "mode": mode, **here}
        # One of two instances is more than the tenth that may be touched at once unless told otherwise.
        cap = {"resources": 5, "percent": 100}
        self.watched.configure({"corrective": {"corrections": [correction], "cap": cap}})
        say(f"configuration.json: {INTERNET} may {'be stopped' if mode == 'act' else 'be stopped, in a dry run'}")

    def _make(self) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = self.clients.inside("iam", self.account_id).create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        given = {"InstanceType": "ml.t3.medium", "RoleArn": role["Role"]["Arn"]}
        self.key = self.clients.inside("kms", self.account_id).create_key()["KeyMetadata"]
        create = self.sagemaker.create_notebook_instance
        called = time.monotonic()
        self.open = create(NotebookInstanceName=OPEN, **given)["NotebookInstanceArn"]
        given |= AS_THE_RULES_SAY | {"KmsKeyId": self.key["Arn"]}
        self.closed = create(NotebookInstanceName=CLOSED, **given)["NotebookInstanceArn"]
        for name in (OPEN, CLOSED):
            until(lambda name=name: self._status(name) == "InService", f"the start of {name}")
        expect("events handed over", 2, self.watched.bring())
        say(f"{OPEN} and {CLOSED} in {self.account_id}: judged {time.monotonic() - called:.1f} s after the first call")

    def _status(self, name: str) -> str:
        return self.sagemaker.describe_notebook_instance(NotebookInstanceName=name)["NotebookInstanceStatus"]

    def _corrected(self, wanted: list[tuple[str, str]]) -> None:
        until(lambda: len(self.watched.changes(self.open, CORRECTION)) >= len(wanted), "the events of the correction")
        found = [(each["mode"], each["state"]) for each in self.watched.changes(self.open, CORRECTION)]
        expect("what was said of the correction (mode, state)", wanted, found)

    def _notices_of_failures(self) -> list[str]:
        return [each for each in self.watched.notices(self.open) if "failure of" in each]

    def _sweep(self) -> dict:
        execution = self.watched.sweep()
        expect(f"sweep: {execution.get('cause', '')}", "SUCCEEDED", execution["status"])
        return self.watched.report()

    def _targets(self) -> list[str]:
        return [each for ids in self.watched.platform.organization["accounts"].values() for each in ids]
