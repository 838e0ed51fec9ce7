"""What CloudTrail records of the calls of SageMaker: one event for each that could change something.

In the form in which EventBridge hands them on, so that tests bring them to the rules that wait for them (`trail.py`).
Calls that only read are not kept: no rule of this project's sees them in AWS either.
"""

import json
import os
import uuid
from collections import deque
from datetime import datetime, timezone
from functools import cache

import boto3
from access import HUB_ACCOUNT_ID
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.responses import BaseResponse
from moto.sts.models import sts_backends
from shapes import model_of

PATH = "/local-cloud/trail"
READING = ("Describe", "List", "Get", "Search", "BatchDescribe", "BatchGet", "Query", "Render")
MOST_EVENTS = 10_000
PRESIGNED = ("PresignedDomainUrl", "NotebookInstanceUrl")
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

_events: deque[dict] = deque(maxlen=MOST_EVENTS)
clear = _events.clear


def install() -> None:
    """Records calls as they were answered, the refusals that tests inject among them."""
    answer = BaseResponse.call_action

    def call_action(self):
        if self.boto3_service_name != "sagemaker" or (self._get_action() or "Get").startswith(READING):
            return answer(self)
        began, (status, headers, body) = datetime.now(timezone.utc), answer(self)
        _events.append(_event(self, began, status, body))
        return status, headers, body

    BaseResponse.call_action = call_action


def recorded() -> list[dict]:
    """The events, oldest first."""
    return list(_events)


def _event(response: BaseResponse, began: datetime, status: int, body: str | bytes) -> dict:
    account, region, at = response.current_account, response.region, began.strftime("%Y-%m-%dT%H:%M:%SZ")
    action = response._get_action()
    operation = model_of("sagemaker").operation_model(action)
    answer = json.loads(body or b"{}")
    record = {
        "eventVersion": "1.11",
        "userIdentity": _identity(response, at),
        "eventTime": at,
        "eventSource": "sagemaker.amazonaws.com",
        "eventName": action,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.10",
        "userAgent": response.headers.get("User-Agent", ""),
        "requestParameters": _recorded(json.loads(response.body or b"{}"), operation.input_shape),
        "responseElements": _recorded(answer, operation.output_shape, of_answer=True) if status < 400 else None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"api.sagemaker.{region}.amazonaws.com",
        },
    }
    if status >= 400:
        record["errorCode"] = str(answer.get("__type", "InternalFailure")).rpartition("#")[2]
        record["errorMessage"] = answer.get("message") or answer.get("Message") or ""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.sagemaker",
        "account": account,
        "time": at,
        "region": region,
        "resources": [],
        "detail": record,
    }


def _recorded(value: object, shape, of_answer: bool = False) -> object:
    """The value as it is recorded: members begin with a small letter, ARNs in answers are in small letters."""
    if shape is None or value in ({}, None):
        return None
    if shape.metadata.get("sensitive") or shape.name in PRESIGNED:
        return HIDDEN
    if shape.type_name == "structure":
        return {
            name[:1].lower() + name[1:]: _recorded(value[name], member, of_answer)
            for name, member in shape.members.items()
            if name in value
        }
    if shape.type_name == "list":
        return [_recorded(each, shape.member, of_answer) for each in value]
    if shape.type_name == "map":  # whose keys are the caller's own
        return {key: _recorded(each, shape.value, of_answer) for key, each in value.items()}
    return value.lower() if of_answer and isinstance(value, str) and value.startswith("arn:") else value


def _identity(response: BaseResponse, at: str) -> dict:
    key = response.get_access_key()
    identity = dict(_of_moto(key) or _of_hub(key))
    if "sessionContext" in identity:
        attributes = {"creationDate": at, "mfaAuthenticated": "false"}
        identity["sessionContext"] = {**identity["sessionContext"], "attributes": attributes}
    return identity


def _of_moto(key: str) -> dict | None:
    """Who holds a key that moto gave out."""
    for partitions in list(sts_backends.values()):
        for backend in list(partitions.values()):
            role = backend.get_assumed_role_from_access_key(key)
            if role:
                return _session(key, role.arn, role.user_id, role.role_arn)
    return None


@cache
def _of_hub(key: str) -> dict:
    """Who holds a key of the hub account, which the other emulator gave out to a function or nobody did."""
    account = HUB_ACCOUNT_ID
    root = {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": key,
    }
    if not key.startswith("ASIA"):
        return root
    sts = boto3.client(
        "sts",
        os.environ["AWS_REGION"],
        endpoint_url=os.environ["HUB_ENDPOINT_URL"],
        aws_access_key_id=key,
        aws_secret_access_key="local-cloud",
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )
    try:
        found = sts.get_caller_identity()
    except ClientError:
        return root
    if ":assumed-role/" not in found["Arn"]:
        return root
    role = found["Arn"].split("/")[1]
    return _session(key, found["Arn"], found["UserId"], f"arn:aws:iam::{account}:role/{role}")


def _session(key: str, arn: str, principal: str, role_arn: str) -> dict:
    account = role_arn.split(":")[4]
    return {
        "type": "AssumedRole",
        "principalId": principal,
        "arn": arn,
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal.partition(":")[0],
                "arn": role_arn,
                "accountId": account,
                "userName": role_arn.rpartition("/")[2],
            }
        },
    }
