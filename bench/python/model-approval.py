"""Starts a deployment when a version in the model registry is approved, written the usual way."""

import hashlib
import json
import logging
import os
import re

import boto3

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
SAGEMAKER = boto3.client("sagemaker")
SSM = boto3.client("ssm")
STEP_FUNCTIONS = boto3.client("stepfunctions")
PLATFORM = os.environ["PLATFORM_NAME"]
STATE_MACHINE = os.environ["STATE_MACHINE_ARN"]


def parameters(*names):
    return {parameter["Name"]: parameter["Value"] for parameter in SSM.get_parameters(Names=names)["Parameters"]}


def user(package, member):
    context = package.get(member, {})
    return context.get("UserProfileArn") or context.get("IamIdentity", {}).get("Arn")


def handler(event, context):
    detail = event["detail"]
    arn, status = detail["ModelPackageArn"], detail["ModelApprovalStatus"]
    group, version = arn.split("/")[-2:]
    version = int(version)
    root = f"/{PLATFORM}/deployments/{group}"
    document = parameters(f"{root}/registration").get(f"{root}/registration")
    if document is None or status not in ("Approved", "Rejected"):
        return {"outcome": "ignored"}
    registration = json.loads(document)
    stages = [f"{root}/live/{stage['name']}" for stage in registration["stages"]]
    package = SAGEMAKER.describe_model_package(ModelPackageName=arn)
    if package["ModelApprovalStatus"] != status:
        return {"outcome": "ignored"}
    pages = STEP_FUNCTIONS.get_paginator("list_executions").paginate(
        stateMachineArn=STATE_MACHINE, statusFilter="RUNNING"
    )
    live = {name: json.loads(value)["version"] for name, value in parameters(*stages).items()}
    ours = re.compile(rf"{re.escape(group)}-(?P<kind>[vr])(?P<version>\d+)-[0-9a-f]{{8}}")
    running = [
        (execution["startDate"], found["kind"], int(found["version"]))
        for page in pages
        for execution in page["executions"]
        if (found := ours.fullmatch(execution["name"]))
    ]
    last = max(running, default=(None, None, None))[1:]
    deploying = max((each for each in running if each[2] == version), default=(None, None, None))[1] == "v"
    approved = status == "Approved"
    if approved:
        everywhere = all(live.get(stage) == version for stage in stages)
        wanted = last != ("v", version) and (running or not everywhere)
    else:
        wanted = deploying or (registration.get("rollbackOnReject") and version in live.values())
    if not wanted:
        return {"outcome": "ignored"}
    changed = str(int(package.get("LastModifiedTime", package["CreationTime"]).timestamp() * 1000))
    approval = {"id": changed, "by": user(package, "LastModifiedBy"), "registeredBy": user(package, "CreatedBy")}
    if approved and registration.get("separationOfDuties"):
        if not approval["by"] or not approval["registeredBy"] or approval["by"] == approval["registeredBy"]:
            raise PermissionError(f"{arn} was registered and approved by {approval['by']}")
    kind, letter = ("approval", "v") if approved else ("rejection", "r")
    name = f"{group}-{letter}{version}-{hashlib.sha256((PLATFORM + arn + changed).encode()).hexdigest()[:8]}"
    request = {"platformName": PLATFORM, "kind": kind, "modelPackageArn": arn, "approval": approval}
    started = STEP_FUNCTIONS.start_execution(stateMachineArn=STATE_MACHINE, name=name, input=json.dumps(request))
    LOGGER.info("started %s", started["executionArn"])
    return {"outcome": "deploymentStarted" if approved else "rejectionStarted", "execution": started["executionArn"]}
