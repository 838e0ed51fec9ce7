"""The reference solution's test of staging endpoints: one account after the other, a look whether its endpoint is in
service. The request that it then sends is a stub that always succeeds, so none is sent here."""

import logging

import boto3

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
STS = boto3.client("sts")


def sagemaker(account, role):
    credentials = STS.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="test")["Credentials"]
    return boto3.client(
        "sagemaker",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def handler(event, context):
    name, in_service = event["EndpointName"], []
    for account in event["Accounts"]:
        endpoint = sagemaker(account, event["RoleName"]).describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"] != "InService":
            raise RuntimeError(f"{name} in {account} is {endpoint['EndpointStatus']}")
        LOGGER.info("%s captures data: %s", account, "DataCaptureConfig" in endpoint)
        in_service.append(account)
    return {"InService": in_service}
