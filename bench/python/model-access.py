"""Looks whether the targets of a deployment may read its version, and opens what is the platform's, the usual way."""

import fnmatch
import json
import logging
import re

import boto3
from botocore.exceptions import ClientError

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
ECR = boto3.client("ecr")
KMS = boto3.client("kms")
S3 = boto3.client("s3")
SAGEMAKER = boto3.client("sagemaker")
SID = "ModelAccess"
IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?")
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]


def policy(read, field, *missing):
    try:
        return json.loads(read()[field])
    except ClientError as error:
        if error.response["Error"]["Code"] in missing or "Cannot find resource policy" in str(error):
            return {"Version": "2012-10-17", "Statement": []}
        raise


def default_key(bucket, owner):
    try:
        answer = S3.get_bucket_encryption(Bucket=bucket, ExpectedBucketOwner=owner)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        raise
    default = answer["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    return default.get("KMSMasterKeyID")


def listed(value):
    return value if isinstance(value, list) else [value]


def allows(document, action, resource, account, role):
    arn = f"arn:aws:iam::{account}:role/{role}"
    for statement in document["Statement"]:
        conditions = statement.get("Condition", {})
        accounts = listed(conditions.get("StringEquals", {}).get("aws:PrincipalAccount", account))
        roles = listed(conditions.get("ArnLike", {}).get("aws:PrincipalArn", arn))
        principal = statement.get("Principal", {})
        named = ["*"] if principal == "*" else listed(principal.get("AWS", []))
        if (
            statement["Effect"] == "Allow"
            and any(name in ("*", account, arn, f"arn:aws:iam::{account}:root") for name in named)
            and any(fnmatch.fnmatchcase(action, pattern) for pattern in listed(statement.get("Action", [])))
            and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(statement.get("Resource", "*")))
            and account in accounts
            and any(fnmatch.fnmatchcase(arn, pattern) for pattern in roles)
        ):
            return True
    return False


def lacking(document, action, resource, targets, role):
    return [account for account in targets if not allows(document, action, resource, account, role)]


def opened(document, targets, role, actions, resource=None, sid=SID):
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Condition": {
            "StringEquals": {"aws:PrincipalAccount": targets},
            "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{role}"},
        },
    }
    if resource:
        statement["Resource"] = resource
    others = [other for other in document["Statement"] if other.get("Sid") != sid]
    return json.dumps({**document, "Statement": [*others, statement]})


def handler(event, context):
    arn, group, platform = event["modelPackageArn"], event["modelPackageGroupName"], event["platformName"]
    stage = event["stages"][0]
    hub, role = arn.split(":")[4], stage["modelExecutionRoleName"]
    maker = stage["permissions"].get("executionRoleName", "stacksets-exec-*")
    targets = sorted({account for stage in event["stages"] for account in stage["accounts"]} - {hub})
    faults, repaired = [], []
    for container in SAGEMAKER.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]["Containers"]:
        bucket, key = container["ModelDataUrl"].removeprefix("s3://").split("/", 1)
        encrypted_by = default_key(bucket, hub)
        document = policy(
            lambda: S3.get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=hub), "Policy", "NoSuchBucketPolicy"
        )
        for account in lacking(document, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", targets, role):
            faults.append({"path": f"bucket {bucket}", "problem": f"{account} may not read it"})
        if encrypted_by:
            KMS.describe_key(KeyId=encrypted_by)
            document = policy(lambda: KMS.get_key_policy(KeyId=encrypted_by, PolicyName="default"), "Policy")
            for account in lacking(document, "kms:Decrypt", encrypted_by, targets, role):
                faults.append({"path": f"key {encrypted_by}", "problem": f"{account} may not decrypt with it"})
        account, region, repository, tag = IMAGE.match(container["Image"]).groups()
        if account != hub:
            continue
        named = {"registryId": account, "repositoryName": repository}
        digest = container.get("ImageDigest")
        ECR.describe_images(imageIds=[{"imageDigest": digest} if digest else {"imageTag": tag}], **named)
        document = policy(
            lambda: ECR.get_repository_policy(**named), "policyText", "RepositoryPolicyNotFoundException"
        )
        if any(lacking(document, action, "*", targets, role) for action in PULL[:2]):
            arn_of_repository = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
            tags = ECR.list_tags_for_resource(resourceArn=arn_of_repository)["tags"]
            if {"Key": "secure-mlops:platform", "Value": platform} in tags:
                text = opened(document, targets, role, PULL)
                repaired.append((repository, lambda: ECR.set_repository_policy(policyText=text, **named)))
            else:
                faults.append({"path": f"repository {repository}", "problem": "it is not the platform's"})
    document = policy(lambda: SAGEMAKER.get_model_package_group_policy(ModelPackageGroupName=group), "ResourcePolicy")
    describe, packages = ["sagemaker:DescribeModelPackage"], f"{arn.rsplit('/', 1)[0]}/*"
    lacks = False
    for sid, reader, actions in ((SID, role, describe), (f"{SID}Make", maker, ["sagemaker:CreateModel", *describe])):
        if any(lacking(document, action, arn, targets, reader) for action in actions):
            document = json.loads(opened(document, targets, reader, actions, packages, sid))
            lacks = True
    if lacks:
        put, of_group = SAGEMAKER.put_model_package_group_policy, json.dumps(document)
        repaired.append((group, lambda: put(ModelPackageGroupName=group, ResourcePolicy=of_group)))
    if payload := event.get("payload"):
        bucket, key = payload["s3Uri"].removeprefix("s3://").split("/", 1)
        size = S3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=hub)["ContentLength"]
        if size > payload["limit"]:
            faults.append({"path": payload["path"], "problem": f"has {size} bytes, the limit is {payload['limit']}"})
    if faults:
        return {"status": "done", "faults": faults, "repaired": [], "notes": []}
    for _, write in repaired:
        write()
    LOGGER.info("opened %s", [name for name, _ in repaired])
    return {"status": "done", "faults": [], "repaired": [name for name, _ in repaired], "notes": []}
