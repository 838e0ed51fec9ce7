"""A custom resource that is killed in the middle of a request and gets it again ends where an undisturbed one does."""

import json
from itertools import count
from urllib.parse import unquote

import killing
import people_in_studio
import pytest
from botocore.exceptions import ClientError
from cloudformation_request import HOME, HUB, STACK, custom_resource, physical_id
from killing import Request
from studio_domains import Studio

LONG_BUILD = "version: 0.2\nphases: { build: { commands: [sleep 3600] } }"
_numbers = count(1)


def new_name() -> str:
    return f"tried{next(_numbers):03}"


def request(processes, function: str, request_type: str, wanted: dict, old: dict | None, state, own=()) -> Request:
    """A request for a resource that was made undisturbed before, unless this is its Create."""
    event = custom_resource(function, request_type, wanted, old if request_type == "Update" else None)
    if request_type != "Create":
        event |= physical_id(processes, function, old or wanted)
    return Request(function, event, HOME, state, own)


def none_differs(processes, make) -> None:
    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def network(clients):
    """Two subnets, one of them with a route table of its own."""
    ec2 = clients.hub("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    blocks = ["10.9.0.0/24", "10.9.1.0/24"]
    subnets = [ec2.create_subnet(VpcId=vpc_id, CidrBlock=each)["Subnet"]["SubnetId"] for each in blocks]
    table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(SubnetId=subnets[0], RouteTableId=table)
    return {"VpcId": vpc_id, "SubnetCidrBlocks": blocks}


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_network_configuration(processes, network, request_type):
    old = network | {"SubnetCidrBlocks": network["SubnetCidrBlocks"][:1]}
    # It changes nothing, so that the answer is all there is.
    none_differs(
        processes, lambda _: request(processes, "NetworkConfiguration", request_type, network, old, lambda: None)
    )


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_project_roles(clients, processes, request_type):
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x.amazonaws.com"}}]}
    (name, missing) = (new_name(), new_name())
    clients.hub("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Path="/service-role/")
    wanted, old = {"RoleNames": [name, missing]}, {"RoleNames": [missing]}
    none_differs(processes, lambda _: request(processes, "ProjectRoles", request_type, wanted, old, lambda: None))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_environment_configuration(clients, processes, request_type):
    studio = Studio.create(clients, new_name())
    people_in_studio.create_project(clients, f"of-{studio.name}", studio.domain_id, "one")
    for number in range(12):  # more than one call takes
        clients.hub("ssm").put_parameter(Name=f"/{studio.name}/dev/key-{number}", Value=str(number), Type="String")
    old = {"SageMakerProjectName": f"of-{studio.name}", "Parameters": ["A0=key-0"]}
    wanted = old | {"Parameters": [f"A{number}=key-{number}" for number in range(12)], "OptionalParameters": ["No=no"]}
    none_differs(
        processes, lambda _: request(processes, "EnvironmentConfiguration", request_type, wanted, old, lambda: None)
    )


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_studio_domain(clients, processes, request_type):
    def make(_: int) -> Request:
        studio = Studio.create(clients, new_name())
        wanted = {**studio.properties, "DomainId": studio.domain_id}
        old, own = wanted, studio.own()
        if request_type == "Update":  # from another domain of the environment
            before = Studio.create(clients, studio.name + "-old")
            old, own = {**wanted, "DomainId": before.domain_id}, (*own, *before.own())
        return request(processes, "StudioDomain", request_type, wanted, old, studio.registered, own)

    none_differs(processes, make)


def test_studio_apps(clients, processes):
    def make(_: int) -> Request:
        studio = Studio.create(clients, new_name())
        studio.start_apps()

        def left() -> object:
            return studio.apps(), studio.spaces()

        wanted = {"DomainId": studio.domain_id}
        return request(processes, "StudioApps", "Delete", wanted, None, left, studio.own())

    none_differs(processes, make)


@pytest.mark.parametrize("on_delete", ["Retain", "Delete", "Backup"])
def test_studio_storage(clients, processes, on_delete):
    vault, role = "tried", f"arn:aws:iam::{HUB}:role/backup"
    destination = {"BackupVaultName": vault, "BackupRoleArn": role} if on_delete == "Backup" else {}
    vaults = clients.hub("backup").list_backup_vaults()["BackupVaultList"]
    if vault not in [each["BackupVaultName"] for each in vaults]:
        clients.hub("backup").create_backup_vault(BackupVaultName=vault)

    def make(_: int) -> Request:
        studio = Studio.create(clients, new_name())
        physical_id(processes, "StudioDomain", {**studio.properties, "DomainId": studio.domain_id})
        own = studio.own()
        studio.delete_domain()
        studio.leave_interface()

        def left() -> object:
            listing = clients.hub("backup").get_paginator("list_recovery_points_by_backup_vault")
            points = [each for page in listing.paginate(BackupVaultName=vault) for each in page["RecoveryPoints"]]
            own_points = [each for each in points if each["ResourceArn"].endswith(studio.file_system_id)]
            return studio.storage(), [each["Status"] for each in own_points]

        wanted = {**studio.properties, "VpcId": studio.vpc_id, "OnDelete": on_delete, **destination}
        return request(processes, "StudioStorage", "Delete", wanted, None, left, own)

    none_differs(processes, make)


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_cross_account_access(clients, processes, request_type):
    s3, kms, sagemaker = clients.hub("s3"), clients.hub("kms"), clients.hub("sagemaker")
    others = {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}

    def make(_: int) -> Request:
        name = new_name()
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
        if request_type != "Delete":  # where it is the only one, the policy goes with it
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [others]}))
        key = kms.create_key()["KeyMetadata"]["Arn"]
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
        old = {
            "BucketName": name,
            "KeyArns": [key],
            "ModelPackageGroupNames": [name],
            "Accounts": ["222222222222"],
            "RoleName": "model",
        }
        wanted = old | ({"Accounts": ["222222222222", "333333333333"]} if request_type == "Update" else {})

        def policies() -> object:
            return [
                policy_or_code(lambda: s3.get_bucket_policy(Bucket=name)["Policy"]),
                kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
                policy_or_code(
                    lambda: sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"]
                ),
            ]

        own = (name, key, key.rpartition("/")[2])
        return request(processes, "CrossAccountAccess", request_type, wanted, old, policies, own)

    none_differs(processes, make)


def policy_or_code(look) -> str:
    try:
        return unquote(look())
    except ClientError as error:
        return error.response["Error"]["Code"]


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_codebuild_run(clients, processes, request_type):
    codebuild = clients.hub("codebuild")

    def make(_: int) -> Request:
        name = new_name()
        codebuild.create_project(
            name=name,
            source={"type": "NO_SOURCE", "buildspec": LONG_BUILD if request_type == "Delete" else "version: 0.2"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=f"arn:aws:iam::{HUB}:role/build",
        )
        old = {"ProjectName": name, "AsOf": "before"}
        wanted = {"ProjectName": name, "AsOf": "now"} if request_type == "Update" else old

        def builds() -> list[str]:
            ids = codebuild.list_builds_for_project(projectName=name)["ids"]
            return [each["buildStatus"] for each in codebuild.batch_get_builds(ids=ids)["builds"]]

        own = (name, "[0-9a-f-]{36}")
        if request_type != "Delete":
            return request(processes, "CodeBuildRun", request_type, wanted, old, builds, own)
        # As a Create leaves it that was cancelled while the build ran.
        identifier = f"codebuild-run/{STACK}/Tried"
        mark = {"STARTED_BY": identifier, "REQUEST": "cancelled", "SOURCE": "none"}
        variables = [{"name": f"SECURE_MLOPS_{key}", "value": value, "type": "PLAINTEXT"} for key, value in mark.items()]
        codebuild.start_build(projectName=name, environmentVariablesOverride=variables)
        event = custom_resource("CodeBuildRun", "Delete", wanted) | {"PhysicalResourceId": identifier}
        return Request("CodeBuildRun", event, HOME, builds, own)

    none_differs(processes, make)
