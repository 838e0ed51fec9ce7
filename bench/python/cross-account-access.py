"""Custom::CrossAccountAccess, written the usual way, as far as giving access to units of an organization needs it."""

import json
import logging

import boto3
from botocore.exceptions import ClientError
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
KMS = boto3.client("kms")
S3 = boto3.client("s3")
SAGEMAKER = boto3.client("sagemaker")
OWN = "CrossAccount"
EMPTY = '{"Version": "2012-10-17", "Statement": []}'


def bucket_policy(bucket):
    try:
        return S3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return EMPTY
        raise


def group_policy(group):
    try:
        return SAGEMAKER.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"]
    except ClientError as error:
        if "Cannot find resource policy" in str(error):
            return EMPTY
        raise


def with_own(policy, statements):
    document = json.loads(policy)
    others = [statement for statement in document["Statement"] if not statement.get("Sid", "").startswith(OWN)]
    return json.dumps({**document, "Statement": others + statements})


def allow(purpose, properties, actions, resource, condition):
    targets = {
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": properties["OrganizationPaths"]},
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{properties['RoleName']}"},
    }
    return {
        "Sid": OWN + purpose,
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": resource,
        "Condition": {**targets, **condition},
    }


def deny(properties, actions, resource):
    return {
        "Sid": f"{OWN}Network",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": resource,
        "Condition": {
            "StringNotEquals": {"aws:VpceAccount": "${aws:PrincipalAccount}"},
            "BoolIfExists": {"aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"},
            "ArnNotLike": {"aws:PrincipalArn": properties["BreakGlassPrincipalArns"]},
        },
    }


@custom_resource
def handler(event):
    if event["RequestType"] == "Delete":
        return {}
    properties = event["ResourceProperties"]
    bucket = properties["BucketName"]
    own_endpoint = {"StringEquals": {"aws:VpceAccount": "${aws:PrincipalAccount}"}}
    objects = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    read, use = ["s3:GetObject", "s3:ListBucket"], ["kms:Decrypt", "kms:DescribeKey"]
    of_bucket = [allow("Read", properties, read, objects, own_endpoint), deny(properties, read, objects)]
    of_key = [allow("Use", properties, use, "*", own_endpoint), deny(properties, use, "*")]
    S3.put_bucket_policy(Bucket=bucket, Policy=with_own(bucket_policy(bucket), of_bucket))
    for key in properties["KeyArns"]:
        policy = KMS.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        KMS.put_key_policy(KeyId=key, PolicyName="default", Policy=with_own(policy, of_key))
    for group in properties["ModelPackageGroupNames"]:
        arn = SAGEMAKER.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
        actions = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"]
        packages = f"{arn.replace(':model-package-group/', ':model-package/')}/*"
        of_group = [
            allow("Group", properties, ["sagemaker:DescribeModelPackageGroup"], arn, {}),
            allow("Packages", properties, actions, packages, {}),
        ]
        policy = with_own(group_policy(group), of_group)
        SAGEMAKER.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
    LOGGER.info("gave access to %s", properties["OrganizationPaths"])
    return {}
