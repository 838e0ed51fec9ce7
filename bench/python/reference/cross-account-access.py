"""Access of target accounts as the reference solution sets it up: each account is visited twice for its endpoints' ids,
then its role and they are appended to the policies of bucket and key."""

import json

import boto3
from response import custom_resource

KMS = boto3.client("kms")
S3 = boto3.client("s3")
STS = boto3.client("sts")


def parameter(account, role, name):
    credentials = STS.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="setup")["Credentials"]
    ssm = boto3.client(
        "ssm",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return ssm.get_parameter(Name=name)["Parameter"]["Value"]


def extended(policy, principals, endpoints):
    document = json.loads(policy)
    statements = {statement["Sid"]: statement for statement in document["Statement"]}
    statements["AllowCrossAccount"]["Principal"]["AWS"] += principals
    statements["DenyNoVPC"]["Condition"]["StringNotEquals"]["aws:sourceVpce"] += endpoints
    return json.dumps(document)


@custom_resource
def handler(event):
    properties = event["ResourceProperties"]
    bucket, key, setup_role = properties["S3BucketName"], properties["KMSKeyId"], properties["SetupRoleName"]
    accounts = properties["Accounts"]
    principals = [f"arn:aws:iam::{account}:role/{properties['PrincipalRoleName']}" for account in accounts]
    s3_endpoints = [parameter(account, setup_role, properties["S3VPCESSMParamName"]) for account in accounts]
    kms_endpoints = [parameter(account, setup_role, properties["KMSVPCESSMParamName"]) for account in accounts]
    policy = S3.get_bucket_policy(Bucket=bucket)["Policy"]
    S3.put_bucket_policy(Bucket=bucket, Policy=extended(policy, principals, s3_endpoints))
    policy = KMS.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    KMS.put_key_policy(KeyId=key, PolicyName="default", Policy=extended(policy, principals, kms_endpoints))
    return {"Result": "SUCCESS"}
