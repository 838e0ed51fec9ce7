"""Stack sets as resources of the hub's stacks: what they put into target accounts, and take away again."""

import json

import accounts
import pytest
import stack
from conftest import HERE, REGION

TEMPLATE = (HERE / "stack_set.yaml").read_text()
OTHER_REGION = "eu-central-1"
OF_TARGETS = {
    "Parameters": {"Value": {"Type": "String"}},
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": {"Fn::Sub": "/${AWS::StackName}"},
                "Type": "String",
                "Value": {"Ref": "Value"},
            },
        }
    },
}


@pytest.fixture
def put(hub):
    """Creates or updates the hub's stack; returns its status."""
    s3, cloudformation = hub("s3"), hub("cloudformation")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="artifacts", Key="target.json", Body=json.dumps(OF_TARGETS).encode())
    url = f"https://s3.{REGION}.amazonaws.com/artifacts/target.json"

    def put_stack(**parameters: str) -> str:
        given = {"TemplateURL": url, **parameters}
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
        if stack.settled(cloudformation, "sets").status == "DELETE_COMPLETE":
            return stack.create(cloudformation, "sets", TEMPLATE, **given).status
        cloudformation.update_stack(StackName="sets", TemplateBody=TEMPLATE, Parameters=listed)
        return stack.settled(cloudformation, "sets").status

    return put_stack


@pytest.fixture
def there(moto, targets, state):
    """The value that is in each target account and region, where there is one."""

    def values() -> dict[tuple[str, str], str]:
        found = {}
        for account in targets:
            for region in (REGION, OTHER_REGION):
                ssm = accounts.client("ssm", state["moto"]["url"], account, region)
                for each in ssm.get_parameters_by_path(Path="/")["Parameters"]:
                    found[(account, region)] = each["Value"]
        return found

    return values


def test_accounts_regions_and_parameters_of_a_stack_set_follow_the_template(hub, moto, put, there, targets):
    one, two, three, _ = targets
    assert put(Accounts=f"{one},{two}") == "CREATE_COMPLETE", stack.failures(hub("cloudformation"), "sets")
    assert there() == {(one, REGION): "one", (two, REGION): "one"}
    made = stack.settled(hub("cloudformation"), "sets").outputs["Set"]
    (summary,) = moto("cloudformation").list_stack_sets(Status="ACTIVE")["Summaries"]
    assert (summary["StackSetId"], summary["PermissionModel"]) == (made, "SELF_MANAGED")
    assert put(Accounts=f"{two},{three}", Regions=f"{REGION},{OTHER_REGION}") == "UPDATE_COMPLETE"
    everywhere = {(account, region): "one" for account in (two, three) for region in (REGION, OTHER_REGION)}
    assert there() == everywhere
    assert put(Accounts=f"{two},{three}", Regions=f"{REGION},{OTHER_REGION}", Value="two") == "UPDATE_COMPLETE"
    assert there() == dict.fromkeys(everywhere, "two")
    assert put(Accounts=two, Name="renamed") == "UPDATE_COMPLETE"
    assert there() == {(two, REGION): "one"}
    stack.delete(hub("cloudformation"), "sets")
    assert there() == {}
    assert moto("cloudformation").list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_units_of_the_organization_are_addressed_by_a_service_managed_stack_set(hub, put, there, state):
    units, staging = state["organization"]["units"], state["organization"]["accounts"]["staging"]
    assert put(Units=units["staging"]) == "CREATE_COMPLETE"
    assert there() == {(account, REGION): "one" for account in staging}
    assert put(Units=f"{units['staging']},{units['production']}") == "UPDATE_COMPLETE"
    assert len(there()) == 4
    stack.delete(hub("cloudformation"), "sets")
    assert there() == {}


def test_a_stack_set_that_cannot_be_made_leaves_nothing(hub, moto, put, there, targets):
    assert put(Accounts=targets[0], TemplateURL="https://s3.eu-west-1.amazonaws.com/artifacts/absent.json") == (
        "ROLLBACK_COMPLETE"
    )
    assert moto("cloudformation").list_stack_sets(Status="ACTIVE")["Summaries"] == []
    assert "S3 error" in "; ".join(stack.failures(hub("cloudformation"), "sets"))


def test_an_account_that_fails_keeps_the_others_from_nothing(hub, put, there, targets):
    closed = "999999999999"
    assert put(Accounts=f"{closed},{targets[0]}") == "CREATE_COMPLETE", "the failures are within what is tolerated"
    assert there() == {(targets[0], REGION): "one"}
    with pytest.raises(stack.StackFailed, match="is not empty"):  # as in AWS: it cannot be reached to be deleted either
        stack.delete(hub("cloudformation"), "sets")
    assert there() == {}
