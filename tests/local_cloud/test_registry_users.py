"""Who registered and who changed a version; and calls in the protocol that SDKs other than boto3 use."""

import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from conftest import REGION
from shapes import model_of

PACKAGE = {
    "ModelPackageGroupName": "churn",
    "ModelApprovalStatus": "PendingManualApproval",
    "InferenceSpecification": {
        "Containers": [{"Image": "image"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
}


@pytest.fixture
def person(moto, state):
    """A client of somebody who works in the hub as a role."""

    def client(service: str, role: str, name: str):
        arn = f"arn:aws:iam::{state['account_id']}:role/{role}"
        given = moto("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=state["moto"]["url"],
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(proxies={}),
        )

    return client


def test_the_registry_knows_who_registered_and_who_approved(moto, person):
    moto("sagemaker").create_model_package_group(ModelPackageGroupName="churn")
    arn = person("sagemaker", "scientist", "ann").create_model_package(**PACKAGE)["ModelPackageArn"]
    described = moto("sagemaker").describe_model_package(ModelPackageName=arn)
    assert "LastModifiedBy" not in described
    person("sagemaker", "approver", "bob").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    described = moto("sagemaker").describe_model_package(ModelPackageName=arn)
    users = [described[key]["IamIdentity"]["Arn"] for key in ("CreatedBy", "LastModifiedBy")]
    assert users == [f"arn:aws:sts::111111111111:assumed-role/{each}" for each in ("scientist/ann", "approver/bob")]
    assert described["LastModifiedTime"] > described["CreationTime"]


def test_cloudwatch_answers_in_cbor(moto, state):
    given = {
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.5,
    }
    moto("cloudwatch").put_metric_alarm(AlarmName="ours-1", ComparisonOperator="GreaterThanThreshold", **given)
    model, body = model_of("cloudwatch").operation_model("DescribeAlarms"), bytearray()
    RpcV2CBORSerializer()._serialize_data_item(body, {"AlarmNamePrefix": "ours-"}, model.input_shape)
    scope = f"Credential=x/20260101/{REGION}/monitoring/aws4_request"
    request = urllib.request.Request(
        f"{state['moto']['url']}/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
        data=bytes(body),
        headers={
            "smithy-protocol": "rpc-v2-cbor",
            "Content-Type": "application/cbor",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=, Signature=",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        assert response.headers["smithy-protocol"] == "rpc-v2-cbor"
        answer = {"status_code": 200, "headers": dict(response.headers), "body": response.read()}
    (alarm,) = RpcV2CBORParser().parse(answer, model.output_shape)["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["Threshold"]) == ("ours-1", 1.5)
    assert alarm["StateUpdatedTimestamp"].year >= 2024
