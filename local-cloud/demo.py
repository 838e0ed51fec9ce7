"""The platform's whole arc on a local cloud: deployed, used, updated, deleted; each step is compared with the promise.

Run by `cargo xtask demo` after `sam build`. Ends with exit code 1 at the first difference.
"""

import argparse
import json
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import accounts
import inventory
from cloud import DEFAULT_STATE_DIRECTORY, Cloud, CloudError
from clients import Clients
from demo_controls import Controls
from demo_deployments import GROUP, UNREGISTERED_GROUP, Deployments
from demo_report import Different, expect, say, table
from deployed_platform import STAGES, NotBuilt, Platform, require_build
from model_registry import MODEL_BUCKET
from sam import ARTIFACT_BUCKET
from stack import StackFailed

END = "cargo xtask local-cloud down"
# What is shown of each by the AWS CLI.
FINDINGS = "Findings[].[RecordState, Compliance.Status, GeneratorId, Resources[0].Id]"


class Demo:
    """The arc, on a local cloud that nobody else uses."""

    def __init__(self, architecture: str, mlops: Path, state: dict):
        self.clients = Clients(state)
        self.platform = Platform(self.clients, architecture)
        self.deployments = Deployments(self.clients, self.platform, mlops)
        self.organization = state["organization"]
        self.durations: list[tuple[str, float]] = []

    def run(self, keep: bool) -> None:
        deployments = self.deployments
        with self._part("sets up the organization: target roles, execution roles, models, Security Hub"):
            self._set_up()
        with self._part("deploys the platform (sam deploy)"):
            self._deploy()
        with self._part("opens the models to the target accounts, registers the model package group"):
            deployments.register()
        with self._part("approves version 1: staging, a question, one account of production, then the other"):
            deployments.approve(1)
            deployments.compare_waves(1)
        with self._part("delivers the same approval twice more"):
            deployments.repeat()
        with self._part("approves version 2; asks what ran when"):
            deployments.approve(2)
            deployments.ask_what_ran()
        with self._part("sends events that decide nothing"):
            deployments.send_what_decides_nothing()
        with self._part("approves version 3, whose endpoint fails in one production account"):
            deployments.fail_in_one_account()
        with self._part("approves version 3 again; one endpoint silently goes back to its old version"):
            deployments.take_back_silently()
        with self._part("rejects version 2, which is live"):
            deployments.reject()
        self.controls = Controls(self.clients, self.platform, self.organization["accounts"]["production"][0])
        with self._part("makes two notebook instances in a production account, one against the rules: found, reported"):
            self.controls.judge()
        with self._part("lets it be stopped: said, announced, done; then deletes it"):
            self.controls.correct()
            self.controls.end()
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
        self.deployments.create_groups()
        self.clients.hub("securityhub").enable_security_hub(EnableDefaultStandards=False)

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
            SecurityHub="Enabled",
            CorrectiveActions="Stop",
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
        self.deployments.compare_endpoints(1)

    def _delete(self) -> None:
        self.deployments.unregister()
        self.controls.delete()
        outputs = self.platform.outputs()
        self.platform.delete()
        say("the stacks of registration, access to the models and platform are deleted")
        self._show_and_delete(outputs["DeploymentRecordsBucketName"], {"history", "results"})
        self._show_and_delete(outputs["ControlsBucketName"], {"configuration.json", "evidence", "posture"})
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

    def _show_and_delete(self, bucket: str, wanted: set[str]) -> None:
        """The records stay on purpose: who decided what is asked for long after a platform is gone."""
        left = inventory.take(self.clients)[self.clients.state["account_id"]]
        expect("bucket of records after the deletion", True, bucket in left.get("bucket", []))
        pages = self.clients.hub("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        folders = Counter(each["Key"].partition("/")[0] for page in pages for each in page.get("Contents", []))
        expect(f"what is in {bucket}", wanted, set(folders))
        objects = ", ".join(f"{number} {name}" for name, number in sorted(folders.items()))
        self.platform.delete_records(bucket)
        say(f"bucket {bucket} stays, with {objects}; emptied and deleted by hand")

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
        f"{shlex.quote(str(demo.deployments.approver.program))} --platform {demo.platform.name} status",
        f"aws securityhub get-findings --output text --query '{FINDINGS}'",
        f"aws s3 cp {demo.controls.page} posture.html   # the report of the last sweep, for a browser",
        f"aws s3 ls --recursive s3://{demo.controls.watched.bucket}/evidence",
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
