"""The platform's stack: updated without a change, beside another one, and deleted."""

from concurrent.futures import ThreadPoolExecutor

import inventory
from deployed_platform import STAGES

FUNCTIONS = (
    *("sagemaker-projects", "organization-accounts", "deployed-models", "model-approval", "model-deployment"),
    *("model-access", "endpoint-verification", "deployment-record"),
    *("detective-controls", "corrective-controls", "posture-report"),
)

# What a model is in a target account.
KEPT = {"stack": 1, "endpoint": 1, "endpoint config": 1, "model": 1}
# What is there beside it while a platform watches the account.
WATCHED = {"stack": 2, "role": 3, "rule": 2}


def invocations(platform) -> dict[str, int]:
    return {
        name: sum(line.get("message", "").startswith("START RequestId") for line in platform.log(name))
        for name in FUNCTIONS
    }


def test_an_update_in_which_nothing_changed_calls_nothing(platform):
    before, outputs = invocations(platform), platform.outputs()
    assert platform.deploy() == outputs
    assert invocations(platform) == before


def go_live(platform, registry, group: str) -> None:
    (version,) = registry.create_group(group, versions=1)
    platform.register(group, ProductionApprovalHours="0")
    platform.deliver(registry.decide(version, "Approved"))
    assert platform.execution_ended(group, 1)["status"] == "SUCCEEDED"
    assert len(platform.endpoints(group)) == 4


def test_two_platforms_stand_and_fall_by_themselves(clients, platform, registry, new_platform, units):
    """One keeps its models when it is deleted, the other takes them away; both keep what was recorded."""
    hub = clients.state["account_id"]
    keeping, taking = new_platform("keeping"), new_platform("taking")
    before = inventory.take(clients)

    def deploy(platform, on_delete: str) -> None:
        role = f"arn:aws:iam::{hub}:role/studio/of-{platform.name}"
        platform.deploy(ExecutionRoleArns=role, OrganizationalUnitIds=units, DeployedModelsOnDelete=on_delete)
        go_live(platform, registry, f"sold-by-{platform.name}")

    with ThreadPoolExecutor() as both:
        list(both.map(deploy, (keeping, taking), ("Retain", "Delete")))
    with_both = inventory.take(clients)
    assert names(inventory.differences(before, with_both)) == {"keeping", "taking"}

    taking.unregister("sold-by-taking")
    records, controls = (taking.outputs()[f"{each}BucketName"] for each in ("DeploymentRecords", "Controls"))
    taking.delete()
    # Records stay either way, until somebody deletes them; so does what the controls kept, which is nothing yet.
    assert taking.delete_records(records) > 0 and taking.delete_records(controls) == 0
    with_one = inventory.take(clients)
    assert names(inventory.differences(with_both, with_one)) == {"taking"}
    assert names(inventory.differences(before, with_one)) == {"keeping"}
    assert {each.status for each in keeping.endpoints("sold-by-keeping")} == {"InService"}
    for account_id in targets(clients):
        assert {kind: len(found) for kind, found in added(before, with_one, account_id).items()} == KEPT | WATCHED

    keeping.unregister("sold-by-keeping")
    keeping.delete()
    left = inventory.take(clients)
    assert {each.status for each in keeping.endpoints("sold-by-keeping")} == {"InService"}
    for account_id in targets(clients):
        assert {kind: len(found) for kind, found in added(before, left, account_id).items()} == KEPT
    assert set(added(before, left, hub)) == {"stack set", "parameter", "model package group", "bucket"}
    assert [each.partition("-")[0] for each in added(before, left, hub)["bucket"]] == ["keeping"] * 2


def targets(clients) -> list[str]:
    return [each for stage in STAGES for each in clients.state["organization"]["accounts"][stage]]


def added(before: inventory.Listing, after: inventory.Listing, account_id: str) -> dict[str, set[str]]:
    kinds = {
        kind: set(names) - set(before[account_id].get(kind, [])) for kind, names in after.get(account_id, {}).items()
    }
    return {kind: names for kind, names in kinds.items() if names}


def names(differences: list[str]) -> set[str]:
    """The platforms that lines of a difference are about; a line about none is itself.

    Left out are models and configurations, which CloudFormation names by itself (their stacks say whose they are), and
    model package groups, which are nobody's but the data scientists'.
    """
    left_out = (": model Model-", ": endpoint config EndpointConfig-", ": model package group ")
    named = [line for line in differences if not any(each in line for each in left_out)]
    return {next((name for name in ("keeping", "taking") if name in line), line) for line in named}
