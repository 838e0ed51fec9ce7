"""What the platform's template owes to its custom resources and to its auditors; the ids are rules of docs/custom-resources.md."""

import re
from pathlib import Path

import pytest
from cfnlint.decode import decode

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "template.yaml").read_text()
TEMPLATE, _ = decode(str(REPOSITORY / "template.yaml"))
RESOURCES = TEMPLATE["Resources"]
FUNCTIONS = sorted(name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function")
ROLES = sorted(name for name, each in RESOURCES.items() if each["Type"] == "AWS::IAM::Role")
CUSTOM = sorted(name for name, each in RESOURCES.items() if each["Type"].startswith("Custom::"))


def function_of(custom: str) -> str:
    name, attribute = RESOURCES[custom]["Properties"]["ServiceToken"]["Fn::GetAtt"]
    assert attribute == "Arn"
    return name


def statements(role: str) -> list[dict]:
    found = []
    for policy in RESOURCES[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            found += [each for each in statement.get("Fn::If", [statement]) if isinstance(each, dict) and "Action" in each]
    return found


def actions(statement: dict) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def package(function: str) -> str:
    return RESOURCES[function]["Metadata"]["BuildProperties"]["Binary"]


def test_there_is_something_to_check():
    assert len(FUNCTIONS) >= 5 and len(CUSTOM) >= 3 and len(ROLES) >= len(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_r46_role_and_log_group_outlive_the_function_and_are_not_made_by_it(function):
    properties = RESOURCES[function]["Properties"]
    assert properties["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    assert properties["LoggingConfig"]["LogGroup"] == {"Ref": f"{function}LogGroup"}
    # Policies within the role: a policy beside it could be deleted before the function's last request.
    assert RESOURCES[f"{function}Role"]["Properties"]["Policies"]
    allowed = {action for statement in statements(f"{function}Role") for action in actions(statement)}
    assert "logs:CreateLogGroup" not in allowed
    assert RESOURCES[f"{function}LogGroup"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_r47_no_function_needs_a_network(function):
    assert "VpcConfig" not in RESOURCES[function]["Properties"]
    assert "VpcConfig" not in TEMPLATE["Globals"]["Function"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_r48_a_function_keeps_its_name_and_everything_is_named_after_its_package(function):
    name = {"Fn::Sub": f"${{PlatformName}}-{package(function)}"}
    assert RESOURCES[function]["Properties"]["FunctionName"] == name
    assert package(function).replace("-", "") == function.lower()
    assert RESOURCES[f"{function}LogGroup"]["Properties"]["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{PlatformName}}-{package(function)}"}
    assert RESOURCES[f"{function}Errors"]["Properties"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    assert (REPOSITORY / "functions" / package(function) / "Cargo.toml").exists()


@pytest.mark.parametrize("function", sorted({function_of(each) for each in CUSTOM} | {"ModelApproval"}))
def test_r49_an_event_is_tried_at_most_twice_and_then_kept(function):
    invocation = RESOURCES[function]["Properties"]["EventInvokeConfig"]
    assert invocation["MaximumRetryAttempts"] <= 1
    assert invocation["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": {"Fn::GetAtt": ["FailedEvents", "Arn"]}}
    allowed = {action for statement in statements(f"{function}Role") for action in actions(statement)}
    # The queue may have a key of the administrator's, and whoever sends has to be able to use it.
    assert {"sqs:SendMessage", "kms:GenerateDataKey", "kms:Decrypt"} <= allowed


@pytest.mark.parametrize("role", ROLES)
def test_each_statement_has_a_purpose_and_each_wildcard_a_reason(role):
    sids = [statement["Sid"] for statement in statements(role)]
    assert len(sids) == len(set(sids))
    for statement in statements(role):
        for action in actions(statement):
            assert "*" not in action, f"{role}: {statement['Sid']} allows {action}"


def test_each_wildcard_resource_has_a_comment_beside_it():
    lines = TEXT.splitlines()
    wildcards = [number for number, line in enumerate(lines) if re.fullmatch(r'\s*Resource: "\*"', line)]
    assert wildcards
    for number in wildcards:
        assert lines[number - 1].strip().startswith("#"), f"line {number + 1} of template.yaml says why not"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_be_bounded(role):
    assert RESOURCES[role]["Properties"]["PermissionsBoundary"]["Fn::If"][0] == "HasPermissionsBoundary"


def test_nothing_is_tied_to_a_partition_account_or_export():
    code = "\n".join(line.split(" #")[0] for line in TEXT.splitlines())
    assert "arn:aws:" not in code
    assert not re.search(r"\b[0-9]{12}\b", code)
    assert "Export" not in code
