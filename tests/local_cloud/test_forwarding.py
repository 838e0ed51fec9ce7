"""Roles and keys, which a function asks one address about: of the hub account and of the accounts it looks into."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import REGION

TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture
def account(state) -> str:
    return state["organization"]["accounts"]["staging"][0]


@pytest.fixture
def of_hub(state):
    """Clients of the hub account at moto's address, as its functions have them."""
    keys = {"aws_access_key_id": state["account_id"], "aws_secret_access_key": "local-cloud"}
    return lambda service: boto3.client(
        service, REGION, endpoint_url=state["moto"]["url"], config=Config(proxies={}), **keys
    )


def policies(iam, role: str) -> tuple[list[str], dict]:
    attached = [each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return attached, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def test_each_account_has_its_own_roles(hub, moto, of_hub, account):
    managed = "arn:aws:iam::aws:policy/AdministratorAccess"
    for iam, name in ((hub("iam"), "of-hub"), (moto("iam", account), "of-target")):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(POLICY))
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    assert policies(of_hub("iam"), "of-hub") == ([managed], POLICY)
    assert policies(moto("iam", account), "of-target") == ([managed], POLICY)
    for iam, other in ((of_hub("iam"), "of-target"), (moto("iam", account), "of-hub")):
        with pytest.raises(ClientError, match="NoSuchEntity"):
            iam.get_role(RoleName=other)
    version = moto("iam", account).get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"]
    document = moto("iam", account).get_policy_version(PolicyArn=managed, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    assert document["Statement"][0]["Action"] == "*"


def test_a_key_is_described_where_it_is(hub, moto, of_hub, account):
    ours = hub("kms").create_key()["KeyMetadata"]["Arn"]
    theirs = moto("kms", account).create_key()["KeyMetadata"]["Arn"]
    assert of_hub("kms").describe_key(KeyId=ours)["KeyMetadata"]["KeyManager"] == "CUSTOMER"
    assert moto("kms", account).describe_key(KeyId=theirs)["KeyMetadata"]["Arn"] == theirs
    assert moto("kms", account).describe_key(KeyId=ours)["KeyMetadata"]["Arn"] == ours, "the hub's key from elsewhere"
    with pytest.raises(ClientError, match="NotFoundException"):
        of_hub("kms").describe_key(KeyId="11111111-2222-3333-4444-555555555555")
    for kms in (of_hub("kms"), moto("kms", account)):
        assert kms.describe_key(KeyId="alias/aws/sagemaker")["KeyMetadata"]["KeyManager"] == "AWS"
