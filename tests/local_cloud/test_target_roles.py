"""The roles of a target account: what they may grows with what endpoints use there."""

import accounts
import yaml
from conftest import REPOSITORY

OPTIONS = {
    "EndpointBucketName": "captured",
    "EndpointKeyArns": "arn:aws:kms:eu-west-1:111111111111:key/1,arn:aws:kms:eu-west-1:111111111111:key/2",
    "EndpointTopicArns": "arn:aws:sns:eu-west-1:111111111111:answers",
    "NetworkParameterPath": "/team/prod",
}
NEEDED = {
    "secure-mlops-model": {
        "EndpointBucketName": {"KeepRequestsAndAnswers"},
        "EndpointKeyArns": {"EncryptRequestsAndAnswers"},
        "EndpointTopicArns": {"TellOfAnswers"},
        "NetworkParameterPath": {"PlaceModelsInNetwork", "LookAtNetwork"},
    },
    "secure-mlops-stack-set-execution": {
        "EndpointKeyArns": {"DescribeEndpointKeys", "GiveVolumesTheirKeys"},
        "NetworkParameterPath": {"FindNetwork", "CopyNetwork"},
    },
}


def statements(iam, role: str) -> dict[str, dict]:
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    # moto answers a policy of a stack in Python's form, which YAML reads as well as JSON.
    document = yaml.safe_load(str(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]))
    return {each["Sid"]: each for each in document["Statement"]}


def test_the_roles_of_an_account_may_use_what_endpoints_there_have(moto, state):
    account = state["organization"]["accounts"]["production"][0]
    iam, cloudformation = moto("iam", account), moto("cloudformation", account)
    template = REPOSITORY / "templates" / "target" / "roles.yaml"
    least = {"PlatformName": "mlops", "HubAccountId": state["account_id"]}

    def put(given: dict) -> None:
        cloudformation.delete_stack(StackName="roles")  # moto does not update the policies of a role
        accounts.create_roles(state["moto"]["url"], [account], template, "roles", given)

    put(least)
    always = {role: set(statements(iam, role)) for role in NEEDED}
    assert {"InvokeEndpoints", "LookAtAlarms"} <= always["secure-mlops-model"]
    assert {"ManageAlarms", "ScaleEndpoints"} <= always["secure-mlops-stack-set-execution"]
    for option, value in OPTIONS.items():
        put(least | {option: value})
        for role, needed in NEEDED.items():
            assert set(statements(iam, role)) - always[role] == needed.get(option, set()), (option, role)
    put(least | OPTIONS)
    keys = statements(iam, "secure-mlops-stack-set-execution")["GiveVolumesTheirKeys"]["Resource"]
    assert keys == OPTIONS["EndpointKeyArns"].split(",")

    trust = iam.get_role(RoleName="secure-mlops-model")["Role"]["AssumeRolePolicyDocument"]
    verify = next(each for each in trust["Statement"] if each["Sid"] == "VerifyEndpoints")
    verifier = f"arn:aws:iam::{state['account_id']}:role/mlops-*-endpoint-verification"
    assert verify["Condition"] == {"ArnLike": {"aws:PrincipalArn": verifier}}
