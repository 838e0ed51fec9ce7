"""The platform's whole arc on a local cloud: deployed, used, updated, deleted; each step is compared with the promise.

Run by `cargo xtask demo` after `sam build`. Ends with exit code 1 at the first difference.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import accounts
import inventory
from cloud import DEFAULT_STATE_DIRECTORY, Cloud, CloudError
from clients import Clients
from deployed_platform import STAGES, NotBuilt, Platform, require_build
from model_registry import MODEL_BUCKET, Registry
from people import Inbox, Person, until
from sam import ARTIFACT_BUCKET
from stack import StackFailed

GROUP = "churn"
UNREGISTERED_GROUP = "experiments"
END = "cargo xtask local-cloud down"
# Short times: the local cloud lets them pass twenty times as fast.
REGISTRATION = {
    "CanaryAccounts": "1",
    "CanaryBakeSeconds": "40",
    "ProductionApprovalHours": "1",
    "SamplePayload": "5.1,3.5,1.4,0.2",
}


class Different(Exception):
    """Something is not as promised."""


def expect(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Different(f"{what}:\n  expected {expected}\n  found    {found}")


class Demo:
    """The arc, on a local cloud that nobody else uses."""

    def __init__(self, architecture: str, mlops: Path, state: dict):
        self.clients = Clients(state)
        self.platform = Platform(self.clients, architecture)
        self.registry = Registry(self.clients)
        self.scientist, self.approver = (
            Person(each, mlops, self.platform.name) for each in (self.registry.scientist, self.registry.approver)
        )
        self.organization = state["organization"]
        # Who is in the organization from the beginning, and so has the models.
        self.serving = [(each, stage) for stage in STAGES for each in self.organization["accounts"][stage]]
        self.durations: list[tuple[str, float]] = []

    def run(self, keep: bool) -> None:
        with self._part("sets up the organization: target roles, execution roles, models"):
            self._set_up()
        with self._part("deploys the platform (sam deploy)"):
            self._deploy()
        with self._part("opens the models to the target accounts, registers the model package group"):
            self._register()
        with self._part("approves version 1: staging, a question, one account of production, then the other"):
            self._approve(1)
            self._compare_waves(1)
        with self._part("delivers the same approval twice more"):
            self._repeat()
        with self._part("approves version 2; asks what ran when"):
            self._approve(2)
            self._ask_what_ran()
        with self._part("sends events that decide nothing"):
            self._send_what_decides_nothing()
        with self._part("approves version 3, whose endpoint fails in one production account"):
            self._fail_in_one_account()
        with self._part("approves version 3 again; one endpoint silently goes back to its old version"):
            self._take_back_silently()
        with self._part("rejects version 2, which is live"):
            self._reject()
        with self._part("updates the platform (sam deploy): one more role, one more account"):
            self._update()
        endpoints = self.platform.endpoints(GROUP)
        if not keep:
            with self._part("deletes everything and lists every account"):
                self._delete()
        print("\nWhat was live:" if not keep else "\nWhat is live:")
        rows = [(each.account_id, each.stage, each.name, str(each.version)) for each in endpoints]
        table(("account", "stage", "endpoint", "version"), rows)
        print("\nHow long it took:")
        total = ("altogether", sum(seconds for _, seconds in self.durations))
        table(("part", "seconds"), [(name, f"{seconds:7.1f}") for name, seconds in (*self.durations, total)])

    def _set_up(self) -> None:
        self.before = inventory.take(self.clients)
        targets = self.targets()
        self.platform.admit(targets)
        say(f"roles for the platform in {', '.join(targets)}")
        self.execution_roles = [self._execution_role(name) for name in ("data-scientist", "team-administrator")]
        self.versions = self.registry.create_group(GROUP, versions=3)
        self.experiment, self.pending = self.registry.create_group(UNREGISTERED_GROUP, versions=2)
        say(f"model package groups {GROUP} with three versions, {UNREGISTERED_GROUP} with two; bucket {MODEL_BUCKET}")

    def _execution_role(self, name: str) -> str:
        principal = {"Service": "sagemaker.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self.clients.hub("iam").create_role(RoleName=name, Path="/studio/", AssumeRolePolicyDocument=trust)
        return made["Role"]["Arn"]

    def _deploy(self) -> None:
        outputs = self.platform.deploy(
            ExecutionRoleArns=",".join(self.execution_roles),
            OrganizationalUnitIds=",".join(self.organization["units"][stage] for stage in STAGES),
            DeployedModelsOnDelete="Delete",
        )
        self._compare_attributes(outputs)

    def _compare_attributes(self, outputs: dict[str, str]) -> None:
        """What the custom resources answered, as the stack's outputs show it, with what is true in the accounts."""
        targets = sorted(self.targets())
        expect("output TargetAccounts", ",".join(targets), outputs.get("TargetAccounts"))
        expect("output TargetAccountCount", str(len(targets)), outputs.get("TargetAccountCount"))
        identifier, root = self.organization["id"], self.organization["root_id"]
        units = self.organization["units"]
        paths = [f"{identifier}/{root}/{units['workloads']}/{units[stage]}/*" for stage in STAGES]
        expect("output TargetOrganizationPaths", ",".join(sorted(paths)), outputs.get("TargetOrganizationPaths"))
        associated = sorted(f"{outputs.get('PortfolioId')} {role}" for role in self.execution_roles)
        found = inventory.associations(self.clients.hub("servicecatalog"))
        expect("associations of the portfolio", associated, sorted(found))
        say(f"outputs: {len(targets)} target accounts, portfolio {outputs['PortfolioId']}")
        say(f"{len(associated)} execution roles may use SageMaker projects")

    def _register(self) -> None:
        outputs = self.platform.outputs()
        self.platform.open_models(MODEL_BUCKET, outputs["TargetOrganizationPaths"])
        self.platform.register(GROUP, **REGISTRATION)
        self.inbox = Inbox(self.clients, "who-approves")
        self.inbox.subscribe(outputs["DeploymentApprovalsTopicArn"])
        self.inbox.listen({"source": ["secure-mlops"]})
        say("custom resource CrossAccountAccess wrote the bucket's policy; the group is registered for two stages")

    def _approve(self, number: int) -> None:
        execution = self._decide(number, "Approved", number)
        expect(f"execution {execution['name']}: {execution.get('cause', '')}", "SUCCEEDED", execution["status"])
        self._compare_endpoints(number)
        say(f"execution {execution['name']} succeeded; version {number} is InService in four accounts")

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

    def _compare_waves(self, version: int) -> None:
        """The history says what was deployed where, and in which order."""
        staging, production = (self.organization["accounts"][stage] for stage in STAGES)
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

    def _ask_what_ran(self) -> None:
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

    def _fail_in_one_account(self) -> None:
        account, refusal = self.last_account, "the account-level service limit is 0 Instances"
        refused = {"service": "sagemaker", "operation": "UpdateEndpoint", "error": "ResourceLimitExceeded"}
        self.clients.inject({"account": account, "message": refusal, **refused})
        execution = self._decide(3, "Approved", 3)
        self.clients.inject()
        self._everything_was_taken_back(execution, account, refusal)

    def _take_back_silently(self) -> None:
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
        self._compare_endpoints(2)
        taken_back = [each["stage"] for each in self.platform.history(GROUP)[-2:] if each["kind"] == "rollBack"]
        expect("records of the roll-back", ["production", "staging"], taken_back)
        states = until(
            lambda: (found := self.inbox.states(GROUP))[-1] == "RolledBack" and found, "the event RolledBack"
        )
        say(f"{account} failed: {report['failures'][0]['reason']}")
        say(f"all four accounts run version 2 again; event {states[-1]}, two records of the roll-back")

    def _reject(self) -> None:
        execution = self._decide(2, "Rejected", 5)
        expect(f"execution {execution['name']}: {execution.get('cause', '')}", "SUCCEEDED", execution["status"])
        self._compare_endpoints(1)
        answer = self.approver.mlops("status", "--group", GROUP)
        live = {each["stage"]: (each["version"], each["accounts"]) for each in answer.document["live"]}
        expect("mlops status: live", {stage: (1, 2) for stage in STAGES}, live)
        say("the last good version, 1, is back in four accounts; mlops status says the same")

    def _compare_endpoints(self, version: int) -> None:
        wanted = [(account_id, stage, GROUP, version, "InService") for account_id, stage in self.serving]
        endpoints = self.platform.endpoints(GROUP)
        found = [(each.account_id, each.stage, each.group, each.version, each.status) for each in endpoints]
        expect("endpoints (account, stage, group, version, status)", sorted(wanted), sorted(found))

    def _repeat(self) -> None:
        for _ in range(2):
            self.platform.deliver(self.event)
        decisions = self.platform.decided(self.event, 3)
        expect("decisions on the three deliveries", ["deploymentStarted", "live", "live"], decisions)
        self._nothing_changes(executions=1, version=1)
        say(f"decided: {', '.join(decisions)}; still one execution")

    def _send_what_decides_nothing(self) -> None:
        unregistered = self.registry.decide(self.experiment, "Approved")
        expect("the rule lets every group's approval through", True, self.platform.deliver(unregistered))
        pending = self.registry.event(self.pending)
        expect("the rule lets a pending version through", False, self.platform.deliver(pending))
        self.platform.hand_over(pending)
        expect("decision on an unregistered group", ["notRegistered"], self.platform.decided(unregistered, 1))
        expect("decision on a pending version", ["notDecided"], self.platform.decided(pending, 1))
        self._nothing_changes(executions=2, version=2)
        say("an unregistered group and a pending version: no execution, no change")

    def _nothing_changes(self, executions: int, version: int) -> None:
        expect("number of executions", executions, len(self.platform.executions(GROUP)))
        expect("executions for an unregistered group", [], self.platform.executions(UNREGISTERED_GROUP))
        self._compare_endpoints(version)
        expect("failed events", [], self.platform.failed_events())

    def _update(self) -> None:
        unit = self.organization["units"]["staging"]
        added = accounts.add_account(self.clients.state["moto"]["url"], unit, "staging-3")
        self.organization["accounts"]["staging"].append(added)
        self.platform.admit([added])
        self.execution_roles.append(self._execution_role("model-validator"))
        outputs = self.platform.deploy(
            ExecutionRoleArns=",".join(self.execution_roles),
            AccountsAsOf=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
        self._compare_attributes(outputs)
        self._compare_endpoints(1)

    def _delete(self) -> None:
        self.inbox.close()
        self.platform.unregister(GROUP)
        self.platform.close_models()
        outputs = self.platform.outputs()
        self.platform.delete()
        say("the stacks of registration, access to the models and platform are deleted")
        self._show_and_delete(outputs["DeploymentRecordsBucketName"])
        self.platform.delete_records(outputs["ControlsBucketName"])
        say(f"bucket {outputs['ControlsBucketName']}, which stays too, is empty: no sweep ran; deleted by hand")
        self.platform.dismiss([each for each in self.targets() if self._has_roles(each)])
        iam = self.clients.hub("iam")
        for role in self.execution_roles:
            iam.delete_role(RoleName=role.rpartition("/")[2])
        say("the stacks of target roles, which are the accounts' own, are deleted; so are the execution roles")
        hub = self.clients.state["account_id"]
        expected = {account_id: dict(kinds) for account_id, kinds in self.before.items()}
        # What people made and the platform has no business with.
        expected[hub] |= {
            "bucket": sorted([ARTIFACT_BUCKET, MODEL_BUCKET]),
            "model package group": sorted([GROUP, UNREGISTERED_GROUP]),
        }
        # The account that joined on the way is as every account of an organization is when it is new.
        for account_id in set(self.targets()) - set(expected):
            expected[account_id] = dict(self.before[self.targets()[0]])
        left = inventory.take(self.clients)
        wrong = inventory.differences(expected, left)
        if wrong:
            raise Different("the platform left something behind:\n  " + "\n  ".join(wrong))
        for account_id, kinds in left.items():
            shown = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items()) or "nothing"
            say(f"{account_id}{' (hub)' if account_id == hub else ''}: {shown}")
        say("none of it is the platform's: it is gone")

    def _show_and_delete(self, bucket: str) -> None:
        """The records stay on purpose: who approved what is asked for long after a platform is gone."""
        left = inventory.take(self.clients)[self.clients.state["account_id"]]
        expect("bucket of records after the deletion", True, bucket in left.get("bucket", []))
        pages = self.clients.hub("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        folders = {name: sum(key.startswith(f"{name}/") for key in keys) for name in ("history", "results")}
        expect("objects in it that are neither history nor results", len(keys), sum(folders.values()))
        say(f"bucket {bucket} stays: {folders['history']} history records, {folders['results']} results")
        self.platform.delete_records(bucket)
        say("emptied and deleted by hand")

    def _has_roles(self, account_id: str) -> bool:
        stacks = self.clients.inside("cloudformation", account_id).describe_stacks()["Stacks"]
        return self.platform.roles_stack in [each["StackName"] for each in stacks]

    def targets(self) -> list[str]:
        return [account_id for stage in STAGES for account_id in self.organization["accounts"][stage]]

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        print(f"--> {name}", flush=True)
        started = time.monotonic()
        yield
        self.durations.append((name, time.monotonic() - started))
        print(f"    {self.durations[-1][1]:.1f} s", flush=True)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def say(what: str) -> None:
    print(f"    {what}", flush=True)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, tuple("-" * width for width in widths), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def explain(demo: Demo) -> None:
    """How to look at what is kept."""
    python, cloud = shlex.quote(sys.executable), shlex.quote(str(Path(__file__).resolve().parent / "cloud.py"))
    role = f"arn:aws:iam::{demo.targets()[0]}:role/OrganizationAccountAccessRole"
    machine = demo.platform.outputs()["ModelDeploymentStateMachineArn"]
    print("\nThe emulators:")
    for name in ("ministack", "moto"):
        print(f"  {name}: {demo.clients.state[name]['url']}")
    print("To look at it with the AWS CLI:")
    for command in (
        f'eval "$({python} {cloud} env)"',
        f"aws cloudformation describe-stacks --stack-name {demo.platform.name}",
        f"aws stepfunctions list-executions --state-machine-arn {machine}",
        f"aws ssm get-parameters-by-path --recursive --path /{demo.platform.name}/deployments",
        f"aws s3 ls --recursive s3://{demo.platform.outputs()['DeploymentRecordsBucketName']}",
        f"{shlex.quote(str(demo.approver.program))} --platform {demo.platform.name} status",
        'aws cloudformation list-stack-sets --status ACTIVE --endpoint-url "$AWS_ENDPOINT_URL_SAGEMAKER"',
        f"aws sts assume-role --role-session-name look --role-arn {role}",
        "aws sagemaker list-endpoints   # with the credentials of the line above",
    ):
        print(f"  {command}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", required=True, choices=["x86_64", "arm64"], help="of the built functions")
    parser.add_argument("--mlops", required=True, type=Path, help="the command-line tool, built")
    parser.add_argument("--keep", action="store_true", help="leave platform and models running to look at")
    arguments = parser.parse_args()
    cloud = Cloud(DEFAULT_STATE_DIRECTORY)
    if any(server["running"] for server in cloud.status()["servers"].values()):
        print(f"demo: a local cloud is running; end it first: {END}", file=sys.stderr)
        return 1
    try:
        require_build(arguments.architecture)
        demo = Demo(arguments.architecture, arguments.mlops, cloud.up())
        demo.run(arguments.keep)
        if arguments.keep:
            explain(demo)
        return 0
    except (CloudError, NotBuilt, StackFailed) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except (Different, TimeoutError) as error:
        print(f"\ndemo: not as promised: {error}", file=sys.stderr)
        return 1
    finally:
        if arguments.keep and cloud.status()["healthy"]:
            print(f"\nIt goes on running; end it with: {END}")
        else:
            cloud.down()


if __name__ == "__main__":
    sys.exit(main())
