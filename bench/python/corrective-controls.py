"""Looks up what is to be done about a failure, the usual way."""

import json
import logging
import os
from fnmatch import fnmatchcase

import boto3
from botocore.exceptions import ClientError

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")


def configuration():
    try:
        answer = S3.get_object(Bucket=os.environ["CONTROLS_BUCKET"], Key="configuration.json")
        return json.loads(answer["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return {}
        raise


def record(detail, identifier):
    key = {"scope": {"S": f"{detail['account']}/{detail['region']}"}, "id": {"S": identifier}}
    answer = DYNAMODB.get_item(TableName=os.environ["CONTROL_RECORDS_TABLE"], Key=key, ConsistentRead=True)
    return json.loads(answer["Item"]["document"]["S"]) if "Item" in answer else None


def handler(event, _context):
    detail = event["detail"]
    if detail["to"] != "fail" or os.environ["FUNCTION_ROLE_NAME"] in (detail["actor"] or ""):
        return {"outcome": "ignored"}
    found = configuration()
    mark = record(detail, f"mark/{detail['control']}/{detail['resource']}")
    resource = record(detail, f"resource/{detail['resource']}")
    if mark or not resource:
        return {"outcome": "nothing"}
    exemptions = found.get("exemptions", [])
    if any(
        each["control"] == detail["control"] and fnmatchcase(detail["resource"], each["resource"])
        for each in exemptions
    ):
        return {"outcome": "exempt"}
    for correction in found.get("corrective", {}).get("corrections", []):
        accounts = correction.get("accounts", [detail["account"]])
        if correction["control"] == detail["control"] and detail["account"] in accounts:
            DYNAMODB.put_item(
                TableName=os.environ["CONTROL_RECORDS_TABLE"],
                Item={
                    "scope": {"S": f"{detail['account']}/{detail['region']}"},
                    "id": {"S": f"mark/{detail['control']}/{detail['resource']}"},
                    "document": {"S": json.dumps(correction)},
                },
                ConditionExpression="attribute_not_exists(id)",
            )
            return {"outcome": "marked"}
    LOGGER.info("nothing is done about %s of %s", detail["control"], detail["resource"])
    return {"outcome": "ignored"}
