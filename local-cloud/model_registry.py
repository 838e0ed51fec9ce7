"""The model registry of the hub account, and the events that SageMaker sends when an approval changes."""

import json
import uuid
from datetime import datetime, timezone

from clients import Clients

IMAGE = "683313688378.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"


class Registry:
    """Groups and versions, as data scientists make and approve them."""

    def __init__(self, clients: Clients):
        self.sagemaker, self.state = clients.hub("sagemaker"), clients.state

    def create_group(self, name: str, versions: int) -> list[str]:
        """Makes a group with so many versions that wait for approval. Returns the versions' ARNs."""
        self.sagemaker.create_model_package_group(ModelPackageGroupName=name)
        return [self.create_version(name) for _ in range(versions)]

    def create_version(self, group: str) -> str:
        return self.sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://models/{group}/{uuid.uuid4()}/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
            },
        )["ModelPackageArn"]

    def decide(self, version: str, status: str) -> bytes:
        """Approves or rejects a version. Returns the event that SageMaker sends."""
        self.sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus=status)
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
            "CreationTime": int(described["CreationTime"].timestamp() * 1000),
            "InferenceSpecification": described["InferenceSpecification"],
            "ModelPackageStatus": described["ModelPackageStatus"],
            "ModelApprovalStatus": described["ModelApprovalStatus"],
            "CustomerMetadataProperties": {},
        }
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
