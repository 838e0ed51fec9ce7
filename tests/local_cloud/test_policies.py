import json

import pytest
from conftest import REGION
from test_supplement import call, refused

STATEMENT = {"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "*"}
MALFORMED = ("{", "[]", json.dumps({"Statement": [{**STATEMENT, "Principal": {"AWS": "AROAEXAMPLEEXAMPLE12"}}]}))


def policy(**changed: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Resource": "*", **changed}]}, indent=1)


def test_policies_of_buckets(hub):
    s3, bucket = hub("s3"), {"Bucket": "models"}
    assert refused(s3, "GetBucketPolicy", Bucket="absent") == "NoSuchBucket"
    s3.create_bucket(**bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert refused(s3, "GetBucketPolicy", **bucket) == "NoSuchBucketPolicy"
    for text in MALFORMED:
        assert refused(s3, "PutBucketPolicy", **bucket, Policy=text) == "MalformedPolicy"
    s3.put_bucket_policy(**bucket, Policy=policy())
    assert s3.get_bucket_policy(**bucket)["Policy"] == policy(), "word for word"
    s3.delete_bucket_policy(**bucket)
    s3.delete_bucket_policy(**bucket)
    assert refused(s3, "GetBucketPolicy", **bucket) == "NoSuchBucketPolicy"


def test_policies_of_keys(hub):
    kms = hub("kms")
    key = {"KeyId": call(kms, "CreateKey")["KeyMetadata"]["Arn"]}
    assert json.loads(kms.get_key_policy(**key)["Policy"])["Statement"]
    for text in MALFORMED:
        assert refused(kms, "PutKeyPolicy", **key, Policy=text) == "MalformedPolicyDocumentException"
    kms.put_key_policy(**key, Policy=policy())
    assert kms.get_key_policy(**key, PolicyName="default")["Policy"] == policy(), "word for word"
    long = policy(Condition={"StringEquals": {"aws:SourceVpce": ["vpce-0123456789abcdef0"] * 2000}})
    assert refused(kms, "PutKeyPolicy", **key, Policy=long) == "LimitExceededException"
    assert refused(kms, "GetKeyPolicy", KeyId="absent") == "NotFoundException"


def test_roles_answer_tags_path_and_trust(hub):
    iam, trust = hub("iam"), {"Version": "2012-10-17", "Statement": [STATEMENT | {"Action": "sts:AssumeRole"}]}
    assert refused(iam, "GetRole", RoleName="absent") == "NoSuchEntity"
    tags = [{"Key": "team", "Value": "fraud and risk"}]
    iam.create_role(RoleName="role", Path="/a/b/", AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)
    role = iam.get_role(RoleName="role")["Role"]
    assert (role["Path"], role["Tags"], role["AssumeRolePolicyDocument"]) == ("/a/b/", tags, trust)
    assert role["Arn"].endswith(":role/a/b/role")


def test_parameters(hub):
    ssm, names = hub("ssm"), [f"/science/dev/key-{number}" for number in range(11)]
    for name in names:
        ssm.put_parameter(Name=name, Value="value", Type="String")
    assert refused(ssm, "PutParameter", Name=names[0], Value="v", Type="String") == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name=names[0], Value="new", Overwrite=True)["Version"] == 2
    found = call(ssm, "GetParameters", Names=[names[0], "/absent"])
    assert ([each["Value"] for each in found["Parameters"]], found["InvalidParameters"]) == (["new"], ["/absent"])
    assert refused(ssm, "GetParameters", Names=names) == "ValidationException"
    assert refused(ssm, "DeleteParameters", Names=names) == "ValidationException"
    assert call(ssm, "DeleteParameters", Names=[*names[1:10], "/absent"])["InvalidParameters"] == ["/absent"]
    ssm.delete_parameter(Name=names[0])
    assert refused(ssm, "GetParameter", Name=names[0]) == "ParameterNotFound"
    assert refused(ssm, "DeleteParameter", Name=names[0]) == "ParameterNotFound"


@pytest.mark.parametrize(("tier", "largest"), [("Standard", 4096), ("Advanced", 8192)])
def test_parameters_have_a_largest_value(hub, tier, largest):
    given = {"Name": "/long", "Type": "String", "Tier": tier}
    hub("ssm").put_parameter(**given, Value="x" * largest)
    longer = {**given, "Value": "x" * (largest + 1), "Overwrite": True}
    assert refused(hub("ssm"), "PutParameter", **longer) == "ValidationException"
