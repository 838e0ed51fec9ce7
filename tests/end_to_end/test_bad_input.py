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
    "no-network": (
        "NetworkConfiguration",
        {"VpcId": "vpc-00000000000000000", "SubnetCidrBlocks": ["10.0.0.0/24"]},
        ["VpcId", "vpc-00000000000000000"],
    ),
    "host-bits": (
        "NetworkConfiguration",
        {"VpcId": "vpc-0", "SubnetCidrBlocks": ["10.0.0.1/24", "10.0.0.0/30"]},
        ["VpcId", "vpc-0", "SubnetCidrBlocks[0]", "10.0.0.1/24", "10.0.0.0/24", "SubnetCidrBlocks[1]", "10.0.0.0/30"],
    ),
    "no-domain": (
        "StudioDomain",
        {"DomainId": "d-nosuchdomain", "EnvironmentName": "churn", "EnvironmentType": "dev"},
        ["DomainId", "d-nosuchdomain"],
    ),
    "names-that-fail-late": (
        "StudioDomain",
        {"DomainId": "churn", "EnvironmentName": "Churn", "EnvironmentType": "-"},
        ["DomainId", "EnvironmentName", "Churn", "EnvironmentType", "lower-case"],
    ),
    "apps-of-nothing": ("StudioApps", {"Domain": "d-1"}, ["DomainId is missing", "did you mean DomainId"]),
    "backup-to-nowhere": (
        "StudioStorage",
        {"EnvironmentName": "churn", "EnvironmentType": "dev", "VpcId": "vpc-12345678", "OnDelete": "Backup"},
        ["BackupVaultName", "BackupRoleArn"],
    ),
    "neither-retain-backup-nor-delete": (
        "StudioStorage",
        {"EnvironmentName": "churn", "EnvironmentType": "dev", "VpcId": "vpc-12345678", "OnDelete": "Keep"},
        ["OnDelete", "Keep", "Retain", "Backup", "Delete"],
    ),
    "a-role-with-a-path": ("ProjectRoles", {"RoleNames": ["service-role/x"]}, ["RoleNames[0]", "service-role/x", "path"]),
    "a-project-role-twice": ("ProjectRoles", {"RoleNames": ["x", "x"]}, ["RoleNames", "x", "more than once"]),
    "no-project": (
        "EnvironmentConfiguration",
        {"SageMakerProjectName": "nosuch", "Parameters": ["A=a"]},
        ["SageMakerProjectName", "nosuch"],
    ),
    "not-attribute-and-key": (
        "EnvironmentConfiguration",
        {"SageMakerProjectName": "x", "Parameters": ["data-bucket-name", "VpcId=vpc-id", "A=a", "A=b"]},
        ["Parameters[0]", "data-bucket-name", "Parameters[1]", "VpcId", "Parameters[3]", "attribute A"],
    ),
    "no-bucket": (
        "CrossAccountAccess",
        {"BucketName": "nosuch", "Accounts": ["222222222222"], "RoleName": "model"},
        ["BucketName", "nosuch"],
    ),
    "accounts-and-units": (
        "CrossAccountAccess",
        {
            "BucketName": "b",
            "Accounts": ["222222222222", "22222222222"],
            "OrganizationPaths": ["ou-ab12-11111111"],
            "RoleName": "team/model",
            "KeyArns": ["alias/models"],
        },
        ["BucketName", "Accounts[1]", "22222222222", "OrganizationPaths[0]", "RoleName", "KeyArns[0]", "alias/models"],
    ),
    "no-build": ("CodeBuildRun", {"ProjectName": "nosuch"}, ["ProjectName", "nosuch"]),
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
