"""The model registry of the hub account, and the events that SageMaker sends when an approval changes."""

import functools
import json
import uuid
from datetime import datetime, timezone

from clients import Clients

IMAGE = "683313688378.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
MODEL_BUCKET = "models"


class Registry:
    """Groups and versions, as a data scientist makes them and somebody else approves them."""

    def __init__(self, clients: Clients):
        self.clients, self.state = clients, clients.state
        self.sagemaker = clients.hub("sagemaker")
        self.scientist = clients.person("data-scientist", "ann")
        self.approver = clients.person("model-approver", "bob")

    def create_group(self, name: str, versions: int, image: str = IMAGE) -> list[str]:
        """Makes a group with so many versions that wait for approval. Returns the versions' ARNs."""
        self.sagemaker.create_model_package_group(ModelPackageGroupName=name)
        return [self.create_version(name, image) for _ in range(versions)]

    def create_version(self, group: str, image: str = IMAGE) -> str:
        key = f"{group}/{uuid.uuid4()}/model.tar.gz"
        self.bucket.put_object(Bucket=MODEL_BUCKET, Key=key, Body=b"a model")
        return self.scientist.hub("sagemaker").create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": f"s3://{MODEL_BUCKET}/{key}"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
            },
        )["ModelPackageArn"]

    @functools.cached_property
    def bucket(self):
        """S3, with the bucket of the models made."""
        s3 = self.clients.hub("s3")
        if MODEL_BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
            location = {"LocationConstraint": self.state["region"]}
            s3.create_bucket(Bucket=MODEL_BUCKET, CreateBucketConfiguration=location)
        return s3

    def open_bucket(self, name: str = MODEL_BUCKET) -> None:
        """Lets the whole organization read the models, for tests that are about something else."""
        statement = {
            "Sid": "ReadModels",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": self.state["organization"]["id"]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.bucket.put_bucket_policy(Bucket=name, Policy=policy)

    def decide(self, version: str, status: str, by: Clients | None = None) -> bytes:
        """Approves or rejects a version. Returns the event that SageMaker sends."""
        sagemaker = (by or self.approver).hub("sagemaker")
        sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus=status)
        return self.event(version)

    def event(self, version: str, **changed: object) -> bytes:
        """The event about a version as it is; `changed` replaces fields of its detail, None takes them away.

        In the service's own form, which gives a field of the detail twice.
        """
        described = self.sagemaker.describe_model_package(ModelPackageName=version)
        detail = {
            "ModelPackageGroupName": described["ModelPackageGroupName"],
            "ModelPackageName": f"{described['ModelPackageGroupName']}/{described['ModelPackageVersion']}",
            "ModelPackageArn": version,
            "ModelPackageVersion": described["ModelPackageVersion"],
            "CreationTime": _milliseconds(described["CreationTime"]),
            "InferenceSpecification": described["InferenceSpecification"],
            "ModelPackageStatus": described["ModelPackageStatus"],
            "ModelApprovalStatus": described["ModelApprovalStatus"],
            "CustomerMetadataProperties": {},
        }
        if "LastModifiedTime" in described:
            detail["LastModifiedTime"] = _milliseconds(described["LastModifiedTime"])
            detail["UpdatedModelPackageFields"] = ["ModelApprovalStatus"]
        detail = {key: value for key, value in (detail | changed).items() if value is not None}
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "SageMaker Model Package State Change",
            "source": "aws.sagemaker",
            "account": self.state["account_id"],
            "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.state["region"],
            "resources": [detail["ModelPackageArn"]] if "ModelPackageArn" in detail else [],
            "detail": detail,
        }
        repeated = f'"detail": {{"ModelPackageStatus": "{described["ModelPackageStatus"]}", '
        return json.dumps(event).replace('"detail": {', repeated, 1).encode()


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
