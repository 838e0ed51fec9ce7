"""Writes how everything stands, the usual way."""

import html
import json
import logging
import os
from collections import Counter

import boto3
from botocore.exceptions import ClientError

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
BUCKET = os.environ["CONTROLS_BUCKET"]


def document(key):
    try:
        return json.loads(S3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return {}
        raise


def was_swept(scope, sweep):
    key = {"scope": {"S": f"{scope['account']}/{scope['region']}"}, "id": {"S": f"sweep/{sweep}"}}
    return "Item" in DYNAMODB.get_item(TableName=os.environ["CONTROL_RECORDS_TABLE"], Key=key, ConsistentRead=True)


def records(scope):
    pages = DYNAMODB.get_paginator("query").paginate(
        TableName=os.environ["CONTROL_RECORDS_TABLE"],
        KeyConditionExpression="#scope = :scope",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues={":scope": {"S": f"{scope['account']}/{scope['region']}"}},
        ConsistentRead=True,
    )
    return [json.loads(item["document"]["S"]) for page in pages for item in page["Items"]]


def handler(event, _context):
    exemptions = document("configuration.json").get("exemptions", [])
    before = document("posture/latest.json")
    found = [record for scope in event["scopes"] for record in records(scope)]
    totals = Counter(verdict["verdict"] for record in found for verdict in record.get("verdicts", {}).values())
    report = {
        "sweep": event["sweep"],
        "totals": totals,
        "before": before.get("totals"),
        "unswept": [scope for scope in event["scopes"] if not was_swept(scope, event["sweep"])],
        "exemptions": exemptions,
        "failing": [record["arn"] for record in found if "fail" in str(record.get("verdicts"))],
    }
    rows = "".join(f"<tr><td>{html.escape(arn)}</td></tr>" for arn in report["failing"])
    page = f"<!doctype html><title>Posture</title><h1>{event['sweep']}</h1><table>{rows}</table>"
    for name in (event["sweep"], "latest"):
        S3.put_object(Bucket=BUCKET, Key=f"posture/{name}.json", Body=json.dumps(report))
        S3.put_object(Bucket=BUCKET, Key=f"posture/{name}.html", Body=page, ContentType="text/html")
    LOGGER.info("report of %s written", event["sweep"])
    return {"report": f"posture/{event['sweep']}.html"}
