"""Keeps what ran where, when and by whose approval, written the usual way."""

import json
import logging
import os

import boto3
from botocore.exceptions import ClientError

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
S3 = boto3.client("s3")
SSM = boto3.client("ssm")
BUCKET = os.environ["RECORDS_BUCKET"]
EARLIER = 10


def live_record(name):
    try:
        return json.loads(SSM.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise


def earlier_versions(live, arn):
    if live is None:
        return []
    versions = {version["modelPackageArn"]: version for version in [live, *live["earlier"]]}
    kept = [
        {"modelPackageArn": earlier, "approval": version["approval"]}
        for earlier, version in versions.items()
        if earlier != arn
    ]
    return kept[:EARLIER]


def record(task):
    stage, execution, time = task["stage"], task["execution"], task["time"]
    platform, group, name = stage["platformName"], stage["modelPackageGroupName"], stage["name"]
    arn = stage["modelPackageArn"]
    about = {
        "kind": task["kind"],
        "time": time,
        "execution": execution,
        "version": int(arn.rsplit("/", 1)[1]),
        "modelPackageArn": arn,
        "regions": stage["regions"],
        "approval": task["request"]["approval"],
        "decision": task.get("decision"),
    }
    history = {
        **about,
        "platformName": platform,
        "modelPackageGroupName": group,
        "stage": name,
        "accounts": stage["accounts"],
        "results": task["results"],
        "plan": stage,
    }
    key = f"history/{group}/{time}-{name}-{task['kind']}-{execution}.json"
    S3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(history), ContentType="application/json")
    parameter = f"/{platform}/deployments/{group}/live/{name}"
    live = {
        **about,
        "endpointName": stage["endpointName"],
        "accounts": len(stage["accounts"]),
        "record": key,
        "earlier": earlier_versions(live_record(parameter), arn),
    }
    value = json.dumps(live)
    SSM.put_parameter(Name=parameter, Value=value, Type="String", Tier="Intelligent-Tiering", Overwrite=True)
    LOGGER.info("recorded %s", key)
    return {"stage": name, "version": about["version"], "accounts": live["accounts"], "record": key}


def handler(event, context):
    if (event["action"], event["kind"]) != ("record", "stage"):
        raise ValueError(f"{event['action']} of a {event['kind']} is not measured")
    return record(event)
