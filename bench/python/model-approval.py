"""Starts a deployment when a version in the model registry is approved, written the usual way."""

import hashlib
import json
import logging
import os

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


def handler(event, context):
    detail = event["detail"]
    arn, status = detail["ModelPackageArn"], detail["ModelApprovalStatus"]
    group, version = arn.split("/")[-2:]
    root = f"/{PLATFORM}/deployments/{group}"
    registration = parameters(f"{root}/registration").get(f"{root}/registration")
    if registration is None or status not in ("Approved", "Rejected"):
        return {"outcome": "ignored"}
    package = SAGEMAKER.describe_model_package(ModelPackageName=arn)
    if package["ModelApprovalStatus"] != status:
        return {"outcome": "ignored"}
    pages = STEP_FUNCTIONS.get_paginator("list_executions").paginate(
        stateMachineArn=STATE_MACHINE, statusFilter="RUNNING"
    )
    running = [
        execution
        for page in pages
        for execution in page["executions"]
        if execution["name"].startswith(f"{group}-v{version}-")
    ]
    if status == "Rejected":
        for execution in running:
            STEP_FUNCTIONS.stop_execution(executionArn=execution["executionArn"], cause=f"{arn} was rejected")
        return {"outcome": "deploymentStopped"}
    stages = [f"{root}/live/{stage['name']}" for stage in json.loads(registration)["stages"]]
    live = parameters(*stages)
    if running or all(stage in live and json.loads(live[stage])["modelPackageArn"] == arn for stage in stages):
        return {"outcome": "ignored"}
    changed = str(int(package.get("LastModifiedTime", package["CreationTime"]).timestamp() * 1000))
    name = f"{group}-v{version}-{hashlib.sha256((PLATFORM + arn + changed).encode()).hexdigest()[:8]}"
    request = {"platformName": PLATFORM, "modelPackageArn": arn, "approval": {"id": changed}}
    started = STEP_FUNCTIONS.start_execution(stateMachineArn=STATE_MACHINE, name=name, input=json.dumps(request))
    LOGGER.info("started %s", started["executionArn"])
    return {"outcome": "deploymentStarted", "execution": started["executionArn"]}
