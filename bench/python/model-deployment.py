"""Plans the deployment of a model version over its stages, written the usual way."""

import hashlib
import json
import logging

import boto3
from botocore.exceptions import ClientError

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
# The other tasks' clients too: they are one function.
CLOUDFORMATION = boto3.client("cloudformation")
ORGANIZATIONS = boto3.client("organizations")
SAGEMAKER = boto3.client("sagemaker")
SSM = boto3.client("ssm")
STEP_FUNCTIONS = boto3.client("stepfunctions")


def parameter(name):
    try:
        return json.loads(SSM.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise


def accounts(parent):
    for page in ORGANIZATIONS.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        for account in page["Accounts"]:
            if account.get("State", account["Status"]) == "ACTIVE":
                yield account["Id"]
    for page in ORGANIZATIONS.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            yield from accounts(unit["Id"])


def package_faults(package, stages):
    faults = []
    if (package["ModelPackageStatus"], package["ModelApprovalStatus"]) != ("Completed", "Approved"):
        faults.append(f"{package['ModelPackageStatus']} and {package['ModelApprovalStatus']}")
    specification = package.get("InferenceSpecification", {})
    if not specification.get("Containers"):
        faults.append("no container")
    supported = specification.get("SupportedRealtimeInferenceInstanceTypes")
    for stage in stages:
        for variant in stage["endpoint"].get("variants", []):
            if supported and variant["instance"]["type"] not in supported:
                faults.append(f"{stage['name']}: {variant['instance']['type']} is not supported")
    return faults


def waves(stage):
    settings, every = stage.get("waves", {}), stage["accounts"]
    divided = {"all": (every, settings.get("rest", {}))}
    if "canary" in settings:
        canary = settings["canary"]
        first = canary.get("accountIds") or every[: canary["accounts"]]
        rest = [account for account in every if account not in first]
        divided = {"canary": (first, canary), "rest": (rest, settings.get("rest", {}))}
    return [
        {
            "name": name,
            "accounts": members,
            "operationPreferences": {
                "maxConcurrentPercentage": wave.get("maxConcurrentPercentage", 100),
                "failureTolerancePercentage": wave.get("failureTolerancePercentage", 0),
            },
            "bakeSeconds": wave.get("bakeSeconds", 0),
            "alarmNames": wave.get("alarmNames", []),
        }
        for name, (members, wave) in divided.items()
        if members
    ]


def plan(request):
    arn = request["modelPackageArn"]
    platform, group, region = request["platformName"], request["modelPackageGroupName"], arn.split(":")[3]
    root = f"/{platform}/deployments/{group}"
    registration = parameter(f"{root}/registration")
    stages = registration["stages"]
    live = {stage["name"]: parameter(f"{root}/live/{stage['name']}") for stage in stages}
    package = SAGEMAKER.describe_model_package(ModelPackageName=arn)
    planned, seen, faults = [], set(), []
    for stage in stages:
        found = set(stage.get("accountIds", []))
        for unit in stage.get("organizationalUnitIds", []):
            found.update(accounts(unit))
        found -= set(stage.get("exclude", []))
        faults += [f"{stage['name']}: {account} is in an earlier stage" for account in sorted(found & seen)]
        if not found:
            faults.append(f"{stage['name']}: no account")
        seen |= found
        hashed = hashlib.sha256(f"{arn}{platform}{stage['name']}".encode()).hexdigest()[:8]
        name = f"{platform}-{group}-{stage['name']}-{hashed}"
        members = sorted(found)
        planned.append(
            {
                "platformName": platform,
                "name": stage["name"],
                "modelPackageArn": arn,
                "modelPackageGroupName": group,
                "stackSetName": name,
                "endpointName": name,
                "permissions": registration["stackSet"],
                "accounts": members,
                "regions": stage.get("regions") or [region],
                "endpoint": stage.get("endpoint") or registration["endpoint"],
                "modelExecutionRoleName": registration["modelExecutionRoleName"],
                "waves": waves({**stage, "accounts": members}),
                "approval": stage.get("approval"),
                "verification": registration.get("verification"),
            }
        )
    faults += package_faults(package, planned)
    last = live[stages[-1]["name"]]
    LOGGER.info("planned %s", [(stage["name"], len(stage["accounts"])) for stage in planned])
    return {
        "request": request,
        "stages": [] if faults else planned,
        "faults": faults,
        "goesBack": last is not None and last["version"] > int(arn.rsplit("/", 1)[1]),
        "separationOfDuties": registration.get("separationOfDuties", False),
    }


def handler(event, context):
    if event["action"] != "plan":
        raise ValueError(f"{event['action']} is not measured")
    return plan(event["request"])
