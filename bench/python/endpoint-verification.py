"""Compares the endpoints of a wave with what was requested and asks them, written the usual way."""

import csv
import io
import json
import logging
import os
import time

import boto3

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
# The watch's client too: it is one function.
CLOUDWATCH = boto3.client("cloudwatch")
S3 = boto3.client("s3")
STS = boto3.client("sts")


def clients(stage, account, region):
    partition = stage["modelPackageArn"].split(":")[1]
    role = f"arn:{partition}:iam::{account}:role/{stage['modelExecutionRoleName']}"
    given = STS.assume_role(RoleArn=role, RoleSessionName="verify")["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region)
    return session.client("sagemaker"), session.client("sagemaker-runtime")


def differences(sagemaker, stage):
    endpoint = sagemaker.describe_endpoint(EndpointName=stage["endpointName"])
    if endpoint["EndpointStatus"] != "InService":
        yield f"{endpoint['EndpointStatus']}: {endpoint.get('FailureReason')}"
        return
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    requested = {each["name"]: each["instance"] for each in stage["endpoint"]["variants"]}
    for variant in config["ProductionVariants"]:
        instance = requested.get(variant["VariantName"], {})
        found = {"type": variant["InstanceType"], "count": variant["InitialInstanceCount"]}
        if found != instance:
            yield f"expected {instance}, found {found}"
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        package = model["PrimaryContainer"]["ModelPackageName"]
        if package != stage["modelPackageArn"]:
            yield f"expected {stage['modelPackageArn']}, found {package}: {endpoint.get('FailureReason')}"


def answers(runtime, stage):
    verification = stage["verification"]
    latencies = []
    for _ in range(verification["invocations"]):
        started = time.monotonic()
        reply = runtime.invoke_endpoint(
            EndpointName=stage["endpointName"],
            Body=verification["payload"]["text"],
            ContentType=verification["contentType"],
        )
        rows = list(csv.reader(io.StringIO(reply["Body"].read().decode())))
        latencies.append((time.monotonic() - started) * 1000)
        shape = verification["expect"]["csv"]
        if (len(rows), len(rows[0])) != (shape["rows"], shape["columns"]):
            yield f"found {len(rows)} rows"
    if min(latencies) > verification["maxLatencyMs"]:
        yield f"{min(latencies):.0f} ms"


def verify(event):
    stage, failures = event["stage"], []
    wave = next(each for each in stage["waves"] if each["name"] == event["wave"])
    for account in wave["accounts"]:
        for region in stage["regions"]:
            sagemaker, runtime = clients(stage, account, region)
            found = list(differences(sagemaker, stage)) or list(answers(runtime, stage))
            failures += [{"account": account, "region": region, "reason": each} for each in found]
    key = f"results/{stage['modelPackageGroupName']}/{event['execution']}/{stage['name']}-{event['wave']}"
    cases = "".join(f'<testcase name="{each["account"]}"><failure/></testcase>' for each in failures)
    for ending, body in (("json", json.dumps(failures)), ("xml", f"<testsuites>{cases}</testsuites>")):
        S3.put_object(Bucket=os.environ["RECORDS_BUCKET"], Key=f"{key}.{ending}", Body=body)
    LOGGER.info("%d of %d accounts are not as requested", len(failures), len(wave["accounts"]))
    return {"status": "failed" if failures else "done", "failures": failures}


def handler(event, context):
    if event["action"] != "verify":
        raise ValueError(f"{event['action']} is not measured")
    return verify(event)
