"""Every custom resource in a stack of its own: made, updated, overwritten from outside, and deleted without a trace."""

import json
from concurrent.futures import ThreadPoolExecutor

import inventory
import people_in_studio
import pytest
from environment_stack import Environment

LAUNCH_ROLE = "AmazonSageMakerServiceCatalogProductsLaunchRole"
USE_ROLE = "AmazonSageMakerServiceCatalogProductsUseRole"
APPS = [("JupyterServer", "default"), ("KernelGateway", "kernel"), ("JupyterLab", "default"), ("Canvas", "default")]


@pytest.fixture(scope="module")
def accounts(clients):
    return clients.state["organization"]["accounts"]


@pytest.fixture(scope="module")
def environment(clients, platform, accounts):
    """An environment that stays, with apps that run in it."""
    environment = Environment(clients, platform.name, "churn")
    environment.deploy(Accounts=",".join(accounts["staging"]))
    people_in_studio.start_apps(clients, environment.outputs()["DomainId"], "data-scientist", APPS)
    yield environment
    environment.delete()


def statements(policy: str) -> dict[str, dict]:
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def bucket_policy(clients, environment) -> dict[str, dict]:
    bucket = environment.outputs()["BucketName"]
    return statements(clients.hub("s3").get_bucket_policy(Bucket=bucket)["Policy"])


def key_policy(clients, environment) -> dict[str, dict]:
    key = environment.outputs()["KeyArn"]
    return statements(clients.hub("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])


def group_policy(clients, environment) -> dict[str, dict]:
    name = f"{environment.name}-dev"
    found = clients.hub("sagemaker").get_model_package_group_policy(ModelPackageGroupName=name)
    return statements(found["ResourcePolicy"])


def tags_of(found: list[dict]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in found}


def test_network_configuration_finds_subnets_in_the_order_of_their_blocks(clients, environment):
    outputs = environment.outputs()
    assert outputs["SubnetIds"] == f"{outputs['SubnetB']},{outputs['SubnetA']}"
    (main,) = clients.hub("ec2").describe_route_tables(
        Filters=[
            {"Name": "vpc-id", "Values": [outputs["VpcId"]]},
            {"Name": "association.main", "Values": ["true"]},
        ]
    )["RouteTables"]
    assert outputs["RouteTableIds"] == f"{main['RouteTableId']},{outputs['RouteTableA']}"


def test_studio_domain_is_registered_and_what_the_service_made_carries_the_environments_tags(clients, environment):
    outputs = environment.outputs()
    domain = clients.hub("sagemaker").describe_domain(DomainId=outputs["DomainId"])
    assert environment.parameters()["sagemaker-domain-id"] == outputs["DomainId"]
    assert (outputs["FileSystemId"], outputs["DomainUrl"]) == (domain["HomeEfsFileSystemId"], domain["Url"])
    wanted = {"EnvironmentName": "churn", "EnvironmentType": "dev"}
    (file_system,) = clients.hub("efs").describe_file_systems(FileSystemId=outputs["FileSystemId"])["FileSystems"]
    assert tags_of(file_system["Tags"]).items() >= wanted.items()
    groups = outputs["StudioSecurityGroupIds"].split(",")
    assert len(groups) == 2
    for group in clients.hub("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]:
        assert tags_of(group["Tags"]).items() >= wanted.items()
        assert outputs["DomainId"] in group["GroupName"]


def test_project_roles_stay_this_stacks_own_once_they_exist(clients, environment):
    """E-02: a role that this stack made must not count as somebody else's at the next update."""
    outputs = environment.outputs()
    assert (outputs["LaunchRole"], outputs["UseRole"]) == (LAUNCH_ROLE, USE_ROLE)
    made = {name: clients.hub("iam").get_role(RoleName=name)["Role"]["CreateDate"] for name in (LAUNCH_ROLE, USE_ROLE)}
    after = environment.deploy(ServiceTimeout="130")
    assert (after["LaunchRole"], after["UseRole"]) == (LAUNCH_ROLE, USE_ROLE)
    assert made == {name: clients.hub("iam").get_role(RoleName=name)["Role"]["CreateDate"] for name in made}


def test_codebuild_run_ends_with_the_build_and_runs_again_for_another_source(clients, environment):
    def build() -> dict:
        identifier = environment.outputs()["BuildId"]
        return clients.hub("codebuild").batch_get_builds(ids=[identifier])["builds"][0]

    first = build()
    assert first["buildStatus"] == "SUCCEEDED"
    environment.deploy(BuildAsOf="second")
    second = build()
    assert second["buildStatus"] == "SUCCEEDED" and second["id"] != first["id"]
    started = clients.hub("codebuild").list_builds_for_project(projectName=f"{environment.name}-dev-seed-code")["ids"]
    assert sorted(started) == sorted([first["id"], second["id"]])


def test_cross_account_access_follows_the_accounts_and_mends_what_was_overwritten(clients, environment, accounts):
    everywhere = [account_id for ids in accounts.values() for account_id in ids]
    before = [policy(clients, environment) for policy in (bucket_policy, key_policy, group_policy)]
    for policy in before:
        assert accounts["staging"][0] in json.dumps(policy) and accounts["production"][0] not in json.dumps(policy)
    assert before[0]["RefusePlainText"]["Effect"] == "Deny" and before[1]["Administer"]["Effect"] == "Allow"

    # A template's own policy, applied again, takes the statements away that it does not know.
    others = {"Version": "2012-10-17", "Statement": [before[0]["RefusePlainText"]]}
    clients.hub("s3").put_bucket_policy(Bucket=environment.outputs()["BucketName"], Policy=json.dumps(others))
    environment.deploy(Accounts=",".join(everywhere))
    after = [policy(clients, environment) for policy in (bucket_policy, key_policy, group_policy)]
    for old, new in zip(before, after, strict=True):
        assert old.keys() == new.keys()
        assert all(account_id in json.dumps(new) for account_id in everywhere)
    assert after[0]["RefusePlainText"] == before[0]["RefusePlainText"]
    assert after[1]["Administer"] == before[1]["Administer"]
    assert "UpdateModelPackage" not in json.dumps(after[2])

    environment.deploy(Accounts=",".join(accounts["production"]))
    assert accounts["staging"][0] not in json.dumps(bucket_policy(clients, environment))


def test_environment_configuration_tells_a_project_what_it_needs(clients, environment):
    domain_id = environment.outputs()["DomainId"]
    people_in_studio.create_project(clients, "churn-model", domain_id, "data-scientist")
    outputs = environment.deploy(ProjectName="churn-model")
    assert outputs["ProjectDomainId"] == domain_id
    assert outputs["ProjectDataBucketName"] == "data"
    assert outputs["ProjectModelBucketName"] == outputs["BucketName"]
    assert outputs["ProjectProductionAccounts"] == "[]"
    assert outputs["ProjectSubnetIds"] == f"{outputs['SubnetA']},{outputs['SubnetB']}"


def test_no_kernel_died_in_all_these_updates(clients, environment):
    """E-05: apps are deleted with their domain and at no other time."""
    running = people_in_studio.listed_apps(clients, environment.outputs()["DomainId"])
    assert len(running) == len(APPS) + 1 and {status for _, status in running} == {"InService"}


def test_an_update_in_which_nothing_changed_calls_nothing(environment, platform):
    packages = ("studio-domain", "studio-apps", "studio-storage", "project-roles", "network-configuration")
    packages += ("environment-configuration", "cross-account-access", "codebuild-run")

    def invocations() -> dict[str, int]:
        return {
            each: sum(line.get("message", "").startswith("START RequestId") for line in platform.log(each))
            for each in packages
        }

    before, outputs = invocations(), environment.outputs()
    assert all(before.values())
    assert environment.deploy() == outputs
    assert invocations() == before


def test_environments_are_deleted_with_everything_that_keeps_their_networks(clients, platform, environment, accounts):
    """Four domains stand in one region; three go with their apps, each in another way, and leave the fourth alone."""
    backup, efs = clients.hub("backup"), clients.hub("efs")
    backup.create_backup_vault(BackupVaultName="kept")
    before, neighbours = inventory.take(clients), untouched(clients, environment)

    def come_and_go(on_delete: str) -> dict[str, str]:
        leaving = Environment(clients, platform.name, f"leaving-{on_delete.lower()}")
        vault = {"BackupVaultName": "kept"} if on_delete == "Backup" else {}
        outputs = leaving.deploy(Accounts=",".join(accounts["staging"]), StorageOnDelete=on_delete, **vault)
        people_in_studio.start_apps(clients, outputs["DomainId"], "data-scientist", APPS)
        leaving.delete()
        return outputs

    with ThreadPoolExecutor() as at_once:
        deleted, retained, backed_up = at_once.map(come_and_go, ("Delete", "Retain", "Backup"))
    # The account-wide roles are the first environment's, which the others neither made nor take away.
    assert {(each["LaunchRole"], each["UseRole"]) for each in (deleted, retained, backed_up)} == {("", "")}
    kept = f"{clients.state['account_id']}: file system {retained['FileSystemId']} is there"
    assert inventory.differences(before, inventory.take(clients)) == [kept]
    (file_system,) = efs.describe_file_systems(FileSystemId=retained["FileSystemId"])["FileSystems"]
    assert file_system["NumberOfMountTargets"] == 0
    assert tags_of(file_system["Tags"])["EnvironmentName"] == "leaving-retain"
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="kept")["RecoveryPoints"]
    (point,) = points
    assert point["ResourceArn"].endswith(backed_up["FileSystemId"]) and point["Status"] == "COMPLETED"
    assert untouched(clients, environment) == neighbours

    efs.delete_file_system(FileSystemId=retained["FileSystemId"])
    backup.delete_recovery_point(BackupVaultName="kept", RecoveryPointArn=point["RecoveryPointArn"])
    backup.delete_backup_vault(BackupVaultName="kept")


def untouched(clients, environment) -> object:
    """What another environment's deletion must not change."""
    outputs = environment.outputs()
    groups = outputs["StudioSecurityGroupIds"].split(",")
    targets = clients.hub("efs").describe_mount_targets(FileSystemId=outputs["FileSystemId"])["MountTargets"]
    return (
        environment.parameters(),
        people_in_studio.listed_apps(clients, outputs["DomainId"]),
        bucket_policy(clients, environment),
        sorted(each["MountTargetId"] for each in targets),
        clients.hub("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"],
    )
