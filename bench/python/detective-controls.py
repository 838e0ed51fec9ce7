"""Judges a notebook instance after the call that changed it, the usual way."""

import json
import logging
import os
from datetime import datetime, timezone
from urllib.parse import unquote

import boto3
from botocore.exceptions import ClientError

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
DYNAMODB = boto3.client("dynamodb")
EVENTS = boto3.client("events")
IAM = boto3.client("iam")
KMS = boto3.client("kms")
S3 = boto3.client("s3")
SAGEMAKER = boto3.client("sagemaker")
TABLE = os.environ["CONTROL_RECORDS_TABLE"]


def configuration():
    try:
        answer = S3.get_object(Bucket=os.environ["CONTROLS_BUCKET"], Key="configuration.json")
        return json.loads(answer["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return {}
        raise


def wide(role):
    attached = [policy["PolicyArn"] for policy in IAM.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    if any(arn.endswith(":iam::aws:policy/AdministratorAccess") for arn in attached):
        return True
    for name in IAM.list_role_policies(RoleName=role)["PolicyNames"]:
        document = IAM.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        document = document if isinstance(document, dict) else json.loads(unquote(document))
        if any(statement["Action"] == statement["Resource"] == "*" for statement in document["Statement"]):
            return True
    return False


def verdicts(notebook):
    key = notebook.get("KmsKeyId")
    metadata = notebook.get("InstanceMetadataServiceConfiguration", {})
    platforms = configuration().get("parameters", {}).get("notebookPlatforms", ["notebook-al2023-v1"])
    return {
        "notebook-no-direct-internet": notebook.get("DirectInternetAccess") == "Disabled",
        "notebook-no-root-access": notebook.get("RootAccess") == "Disabled",
        "notebook-in-vpc": "SubnetId" in notebook,
        "notebook-volume-key": bool(key),
        "notebook-imdsv2": metadata.get("MinimumInstanceMetadataServiceVersion") == "2",
        "notebook-platform-supported": notebook.get("PlatformIdentifier") in platforms,
        "volume-key-customer-managed": not key
        or KMS.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "CUSTOMER",
        "execution-role-not-administrator": not wide(notebook["RoleArn"].rsplit("/", 1)[-1]),
    }


def handler(event, _context):
    detail = event["detail"]
    name = detail["requestParameters"]["notebookInstanceName"]
    notebook = SAGEMAKER.describe_notebook_instance(NotebookInstanceName=name)
    arn = notebook["NotebookInstanceArn"]
    found = verdicts(notebook)
    scope = {"S": f"{detail['recipientAccountId']}/{detail['awsRegion']}"}
    key = {"scope": scope, "id": {"S": f"resource/{arn}"}}
    old = DYNAMODB.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
    before = json.loads(old["document"]["S"]) if old else {}
    changed = [control for control, passed in found.items() if before.get(control, True) != passed]
    document = {"S": json.dumps(found)}
    DYNAMODB.put_item(TableName=TABLE, Item={**key, "document": document, "untold": {"S": json.dumps(changed)}})
    for start in range(0, len(changed), 10):
        entries = [
            {
                "EventBusName": os.environ["EVENT_BUS_NAME"],
                "Source": "secure-mlops",
                "DetailType": "Control Finding State Change",
                "Resources": [arn],
                "Time": datetime.now(timezone.utc),
                "Detail": json.dumps({"control": control, "resource": arn, "to": "pass" if found[control] else "fail"}),
            }
            for control in changed[start : start + 10]
        ]
        answer = EVENTS.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"{answer['FailedEntryCount']} events were not taken")
    DYNAMODB.put_item(TableName=TABLE, Item={**key, "document": document})
    LOGGER.info("judged %s: %d verdicts changed", arn, len(changed))
    return {"status": "judged", "judged": 1, "announced": len(changed)}
