"""An account where something goes wrong fails the execution, which says where and why; the next approval succeeds."""

import json

import pytest


@pytest.fixture
def version(platform, registry, group):
    (version,) = registry.create_group(group, versions=1)
    platform.register(group, ProductionApprovalHours="0")
    return version


def approve(platform, registry, version) -> None:
    registry.decide(version, "PendingManualApproval")
    assert platform.deliver(registry.decide(version, "Approved"))


def test_a_failing_account_is_named_and_the_next_approval_succeeds(platform, registry, group, version, inject):
    staging = platform.organization["accounts"]["staging"]
    refusal = "the account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances"
    inject(
        {
            "account": staging[0],
            "service": "sagemaker",
            "operation": "CreateEndpoint",
            "error": "ResourceLimitExceeded",
            "message": refusal,
        }
    )
    approve(platform, registry, version)
    failed = platform.execution_ended(group, 1)

    assert (failed["status"], failed["error"]) == ("FAILED", "StageFailed")
    report = json.loads(failed["cause"])
    assert [each["account"] for each in report["failures"]] == [staging[0]]
    assert refusal in report["failures"][0]["reason"]
    # Its neighbour was taken back to what it had, which is nothing, and production was not touched.
    assert platform.endpoints(group) == []

    inject()
    approve(platform, registry, version)
    assert platform.execution_ended(group, 2)["status"] == "SUCCEEDED"
    assert {(each.version, each.status) for each in platform.endpoints(group)} == {(1, "InService")}
    assert len(platform.endpoints(group)) == 4


def test_an_endpoint_that_serves_something_else_is_found(clients, platform, registry, group, version):
    approve(platform, registry, version)
    assert platform.execution_ended(group, 1)["status"] == "SUCCEEDED"
    other = registry.create_version(group)
    changed = platform.endpoints(group)[0]
    sagemaker = clients.inside("sagemaker", changed.account_id)
    role = f"arn:aws:iam::{changed.account_id}:role/{platform.roles['ModelRoleName']}"
    sagemaker.create_model(ModelName="by-hand", ExecutionRoleArn=role, PrimaryContainer={"ModelPackageName": other})
    variant = {"VariantName": "AllTraffic", "ModelName": "by-hand", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="by-hand", ProductionVariants=[variant | {"InitialInstanceCount": 2}]
    )
    sagemaker.update_endpoint(EndpointName=changed.name, EndpointConfigName="by-hand")
    # Without its record the stage is not known to be live: the same version is deployed, and nothing has to change.
    clients.hub("ssm").delete_parameter(Name=f"/{platform.name}/deployments/{group}/live/{changed.stage}")

    approve(platform, registry, version)
    failed = platform.execution_ended(group, 2)
    report = json.loads(failed["cause"])
    assert (failed["status"], report["phase"]) == ("FAILED", "verify")
    (failure,) = report["failures"]
    assert failure["account"] == changed.account_id
    assert f"expected {version}, found {other}" in failure["reason"]
