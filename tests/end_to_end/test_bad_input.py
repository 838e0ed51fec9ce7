"""A wrong property of a custom resource fails its stack at once, with a reason that says what to write instead."""

import json
import time

import pytest
import stack

SECONDS = 15.0
ROLE = "arn:aws:iam::111111111111:role/studio/data-scientist"

# Function, properties, and what the reason must hold: the property, the value, the expectation.
CASES = {
    "misspelt": (
        "OrganizationAccounts",
        {"OrganizationalUnitId": ["ou-ab12-staging1"]},
        ["OrganizationalUnitId ", "OrganizationalUnitIds"],
    ),
    "empty": ("OrganizationAccounts", {"AccountIds": [""]}, ["AccountIds", "empty", "expected one of the two"]),
    "not-a-list": (
        "OrganizationAccounts",
        {"AccountIds": {"staging": "222222222222"}},
        ["AccountIds is an object", "expected a list"],
    ),
    "no-such-unit": (
        "OrganizationAccounts",
        {"OrganizationalUnitIds": ["ou-ab12-nosuch00"]},
        ["OrganizationalUnitIds", "ou-ab12-nosuch00", "does not exist"],
    ),
    "eleven-digits": (
        "OrganizationAccounts",
        {"AccountIds": ["22222222222"]},
        ["AccountIds", "22222222222", "12 digits"],
    ),
    "an-account-twice": (
        "OrganizationAccounts",
        {"AccountIds": ["222222222222", "333333333333", "222222222222"]},
        ["AccountIds", "222222222222", "more than once", "expected each"],
    ),
    "a-role-twice": (
        "SageMakerProjects",
        {"ExecutionRoleArns": [ROLE, ROLE]},
        ["ExecutionRoleArns", ROLE, "more than once", "expected each role once"],
    ),
    "no-role": ("SageMakerProjects", {"ExecutionRoleArns": [""]}, ["ExecutionRoleArns", "empty", "at least one"]),
    "another-accounts-role": (
        "SageMakerProjects",
        {"ExecutionRoleArns": ["arn:aws:iam::222222222222:role/data-scientist"]},
        ["ExecutionRoleArns", "arn:aws:iam::222222222222:role/data-scientist", "111111111111"],
    ),
    "neither-retain-nor-delete": (
        "DeployedModels",
        {"PlatformName": "elsewhere", "OnDelete": "Keep"},
        ["OnDelete", "Keep", "Retain", "Delete"],
    ),
    "several-at-once": (
        "OrganizationAccounts",
        {"AccountIds": ["22222222222", "account"], "Exclude": ["x"], "Exclud": "y"},
        ["AccountIds[0]", "22222222222", "AccountIds[1]", "account", "Exclude[0]", "Exclud "],
    ),
}


@pytest.mark.parametrize(("function", "properties", "fragments"), CASES.values(), ids=CASES)
def test_a_wrong_property_fails_the_stack_with_a_reason(clients, platform, function, properties, fragments, request):
    token = platform.outputs()[f"{function}FunctionArn"]
    resource = {
        "Type": f"Custom::{function}",
        "Properties": {"ServiceToken": token, "ServiceTimeout": 60, **properties},
    }
    cloudformation, name = clients.hub("cloudformation"), f"wrong-{request.node.callspec.id}"
    started = time.monotonic()
    made = stack.create(cloudformation, name, json.dumps({"Resources": {"Wrong": resource}}))
    took = time.monotonic() - started

    assert made.status == "ROLLBACK_COMPLETE"
    assert took < SECONDS
    (reason,) = [each for each in stack.failures(cloudformation, made.identifier) if each.startswith("Wrong: ")]
    assert [each for each in fragments if each not in reason] == [], reason
    stack.delete(cloudformation, made.identifier)
    assert stack.failures(cloudformation, made.identifier) == [f"{reason}"], "neither rollback nor deletion failed"
