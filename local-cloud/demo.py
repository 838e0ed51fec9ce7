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
from pathlib import Path

import accounts
import inventory
from cloud import DEFAULT_STATE_DIRECTORY, Cloud, CloudError
from clients import Clients
from deployed_platform import STAGES, NotBuilt, Platform, require_build
from sam import ARTIFACT_BUCKET
from model_registry import Registry
from stack import StackFailed

GROUP = "churn"
UNREGISTERED_GROUP = "experiments"
END = "cargo xtask local-cloud down"


class Different(Exception):
    """Something is not as promised."""


def expect(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Different(f"{what}:\n  expected {expected}\n  found    {found}")


class Demo:
    """The arc, on a local cloud that nobody else uses."""

    def __init__(self, architecture: str, state: dict):
        self.clients = Clients(state)
        self.platform = Platform(self.clients, architecture)
        self.registry = Registry(self.clients)
        self.organization = state["organization"]
        # Who is in the organization from the beginning, and so has the models.
        self.serving = [(each, stage) for stage in STAGES for each in self.organization["accounts"][stage]]
        self.durations: list[tuple[str, float]] = []

    def run(self, keep: bool) -> None:
        with self._part("sets up the organization: target roles, execution roles, models"):
            self._set_up()
        with self._part("deploys the platform (sam deploy)"):
            self._deploy()
        with self._part("registers the model package group"):
            self.platform.register(GROUP)
        with self._part("approves version 1 and waits for four accounts"):
            self._approve(1)
        with self._part("delivers the same approval twice more"):
            self._repeat()
        with self._part("approves version 2 and waits for four accounts"):
            self._approve(2)
        with self._part("sends events that decide nothing"):
            self._send_what_decides_nothing()
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
        self.versions = self.registry.create_group(GROUP, versions=2)
        self.experiment, self.pending = self.registry.create_group(UNREGISTERED_GROUP, versions=2)
        say(f"model package groups {GROUP} with two versions, {UNREGISTERED_GROUP} with two")

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

    def _approve(self, number: int) -> None:
        self.event = self.registry.decide(self.versions[number - 1], "Approved")
        expect("the rule lets the approval through", True, self.platform.deliver(self.event))
        execution = self.platform.execution_ended(GROUP, number)
        expect(f"execution {execution['name']}: {execution.get('cause', '')}", "SUCCEEDED", execution["status"])
        self._compare_endpoints(number)
        say(f"execution {execution['name']} succeeded; version {number} is InService in four accounts")

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
        self.execution_roles.append(self._execution_role("model-validator"))
        outputs = self.platform.deploy(
            ExecutionRoleArns=",".join(self.execution_roles),
            AccountsAsOf=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
        self._compare_attributes(outputs)
        self._compare_endpoints(2)

    def _delete(self) -> None:
        self.platform.unregister(GROUP)
        self.platform.delete()
        say("the stacks of registration and platform are deleted")
        self.platform.dismiss([each for each in self.targets() if self._has_roles(each)])
        iam = self.clients.hub("iam")
        for role in self.execution_roles:
            iam.delete_role(RoleName=role.rpartition("/")[2])
        say("the stacks of target roles, which are the accounts' own, are deleted; so are the execution roles")
        hub = self.clients.state["account_id"]
        expected = {account_id: dict(kinds) for account_id, kinds in self.before.items()}
        # What people made and the platform has no business with.
        expected[hub] |= {"bucket": [ARTIFACT_BUCKET], "model package group": sorted([GROUP, UNREGISTERED_GROUP])}
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
        'aws cloudformation list-stack-sets --status ACTIVE --endpoint-url "$AWS_ENDPOINT_URL_SAGEMAKER"',
        f"aws sts assume-role --role-session-name look --role-arn {role}",
        "aws sagemaker list-endpoints   # with the credentials of the line above",
    ):
        print(f"  {command}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", required=True, choices=["x86_64", "arm64"], help="of the built functions")
    parser.add_argument("--keep", action="store_true", help="leave platform and models running to look at")
    arguments = parser.parse_args()
    cloud = Cloud(DEFAULT_STATE_DIRECTORY)
    if any(server["running"] for server in cloud.status()["servers"].values()):
        print(f"demo: a local cloud is running; end it first: {END}", file=sys.stderr)
        return 1
    try:
        require_build(arguments.architecture)
        demo = Demo(arguments.architecture, cloud.up())
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
