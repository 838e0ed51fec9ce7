"""Plans the deployment of a model version over its stages, written the usual way."""

import hashlib
import json
import logging

import boto3

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
# The other tasks' clients too: they are one function.
CLOUDFORMATION = boto3.client("cloudformation")
ORGANIZATIONS = boto3.client("organizations")
SAGEMAKER = boto3.client("sagemaker")
SSM = boto3.client("ssm")
STS = boto3.client("sts")


def accounts(parent):
    for page in ORGANIZATIONS.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        for account in page["Accounts"]:
            if account.get("State", account["Status"]) == "ACTIVE":
                yield account["Id"]
    for page in ORGANIZATIONS.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            yield from accounts(unit["Id"])


def plan(request):
    arn = request["modelPackageArn"]
    platform, group, region = request["platformName"], arn.split("/")[-2], arn.split(":")[3]
    name = f"/{platform}/deployments/{group}/registration"
    registration = json.loads(SSM.get_parameter(Name=name)["Parameter"]["Value"])
    package = SAGEMAKER.describe_model_package(ModelPackageName=arn)
    if (package["ModelPackageStatus"], package["ModelApprovalStatus"]) != ("Completed", "Approved"):
        raise ValueError(f"{arn} cannot be deployed")
    stages = []
    for stage in registration["stages"]:
        found = set(stage.get("accountIds", []))
        for unit in stage.get("organizationalUnitIds", []):
            found.update(accounts(unit))
        hashed = hashlib.sha256(f"{arn}{platform}{stage['name']}".encode()).hexdigest()[:8]
        stack_set = f"{platform}-{group}-{stage['name']}-{hashed}"
        stages.append(
            {
                "name": stage["name"],
                "stackSetName": stack_set,
                "endpointName": stack_set,
                "accounts": sorted(found - set(stage.get("exclude", []))),
                "regions": stage.get("regions") or [region],
                "instance": stage.get("instance") or registration["instance"],
                "permissions": registration["stackSet"],
                "modelPackageArn": arn,
                "modelExecutionRoleName": registration["modelExecutionRoleName"],
            }
        )
    LOGGER.info("planned %s", [(stage["name"], len(stage["accounts"])) for stage in stages])
    return {"stages": stages}


def handler(event, context):
    if event["action"] != "plan":
        raise ValueError(f"{event['action']} is not measured")
    return plan(event["request"])
