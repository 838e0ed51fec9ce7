"""The organization of the local cloud: a hub account, and target accounts under nested organizational units."""

import argparse
import json
import sys
from pathlib import Path

import boto3
from botocore.config import Config

REGION = "eu-west-1"
STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"
STAGES = {"staging": ("staging-1", "staging-2"), "production": ("production-1", "production-2")}


def client(service: str, moto: str, account_id: str | None = None, region: str = REGION):
    """A client of `service` at moto: as the hub account, or inside `account_id` as AWS lets a management account in."""
    keys = {"aws_access_key_id": "local-cloud", "aws_secret_access_key": "local-cloud"}
    if account_id:
        role = f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole"
        given = client("sts", moto).assume_role(RoleArn=role, RoleSessionName="local-cloud")["Credentials"]
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
    # Proxies of the machine are for the world outside.
    return boto3.client(service, region_name=region, endpoint_url=moto, config=Config(proxies={}), **keys)


def create_organization(moto: str) -> dict:
    """Makes the organization: unit `workloads`, in it `staging` and `production`, two accounts in each.

    Returns {"id", "root_id", "management_account_id", "units": {name: unit id}, "accounts": {unit name: [account id]}}.
    """
    organizations = client("organizations", moto)
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]
    # Without it AWS refuses stack sets that address organizational units.
    organizations.enable_aws_service_access(ServicePrincipal=STACK_SETS)
    root = organizations.list_roots()["Roots"][0]["Id"]
    workloads = _create_unit(organizations, root, "workloads")
    units, found = {"workloads": workloads}, {}
    for stage, names in STAGES.items():
        units[stage] = _create_unit(organizations, workloads, stage)
        found[stage] = [add_account(moto, units[stage], name) for name in names]
    return {
        "id": organization["Id"],
        "root_id": root,
        "management_account_id": organization["MasterAccountId"],
        "units": units,
        "accounts": found,
    }


def add_account(moto: str, unit: str, name: str) -> str:
    """Creates an account and moves it from the root, where AWS puts new accounts, into `unit`. Returns its id."""
    organizations = client("organizations", moto)
    created = organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.move_account(AccountId=created["AccountId"], SourceParentId=root, DestinationParentId=unit)
    return created["AccountId"]


def create_roles(
    moto: str, account_ids: list[str], template: Path, stack_name: str, parameters: dict[str, str]
) -> None:
    """Creates or updates, in each account, the stack of roles that `template` describes."""
    given = {
        "StackName": stack_name,
        "TemplateBody": template.read_text(),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    for account_id in account_ids:
        cloudformation = client("cloudformation", moto, account_id)
        existing = {stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]}
        if stack_name in existing:
            cloudformation.update_stack(**given)
        else:
            cloudformation.create_stack(**given)


def _create_unit(organizations, parent: str, name: str) -> str:
    return organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]


def main() -> int:
    default = Path(__file__).resolve().parent.parent / ".local-cloud"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state-directory", type=Path, default=default, help="of the cloud (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="print the organization's ids as JSON")
    add = commands.add_parser("add", help="create an account in a unit; prints its id as JSON")
    add.add_argument("unit", help="name of the unit: " + ", ".join(STAGES))
    add.add_argument("name", help="name of the account")
    roles = commands.add_parser("roles", help="create or update the roles stack in target accounts")
    roles.add_argument("template", type=Path)
    roles.add_argument("--account", action="append", help="only this account; may be repeated (default: all)")
    roles.add_argument("--stack-name", default="secure-mlops-roles")
    roles.add_argument("--parameter", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()

    file = arguments.state_directory / "state.json"
    if not file.exists():
        print(f"local cloud: no cloud in {arguments.state_directory}; start one with cloud.py up", file=sys.stderr)
        return 1
    state = json.loads(file.read_text())
    moto, organization = state["moto"]["url"], state["organization"]
    if arguments.command == "add":
        account_id = add_account(moto, organization["units"][arguments.unit], arguments.name)
        organization["accounts"].setdefault(arguments.unit, []).append(account_id)
        file.write_text(json.dumps(state, indent=2) + "\n")
        print(json.dumps({"account_id": account_id}))
    elif arguments.command == "roles":
        chosen = arguments.account or [each for ids in organization["accounts"].values() for each in ids]
        parameters = dict(pair.split("=", 1) for pair in arguments.parameter)
        create_roles(moto, chosen, arguments.template, arguments.stack_name, parameters)
        print(json.dumps({"accounts": chosen, "stack_name": arguments.stack_name}))
    else:
        print(json.dumps(organization, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
