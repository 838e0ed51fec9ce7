import json

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, eventually
from test_supplement import ROLE, call, refused

SETTINGS = {"AuthMode": "IAM", "DefaultUserSettings": {"ExecutionRole": ROLE}}
TAG = "ManagedByAmazonSageMakerResource"


@pytest.fixture
def network(hub) -> dict:
    """A VPC with subnets in two zones, as CreateDomain takes them."""
    ec2 = hub("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.2.{number}.0/24", AvailabilityZone=REGION + zone)["Subnet"]
        for number, zone in enumerate("aab")
    ]
    return {"VpcId": vpc, "SubnetIds": [each["SubnetId"] for each in subnets]}


@pytest.fixture
def domain(moto, network) -> str:
    sagemaker = moto("sagemaker")
    made = call(sagemaker, "CreateDomain", DomainName="science", **SETTINGS, **network)
    assert call(sagemaker, "DescribeDomain", DomainId=made["DomainId"])["Status"] == "Pending"
    assert call(sagemaker, "DescribeDomain", DomainId=made["DomainId"])["Status"] == "InService"
    return made["DomainId"]


def profile(sagemaker, domain: str, name: str) -> dict:
    key = {"DomainId": domain, "UserProfileName": name}
    call(sagemaker, "CreateUserProfile", **key)
    assert call(sagemaker, "DescribeUserProfile", **key)["Status"] == "Pending"
    return key


def statuses(describe, ends: tuple[str, ...]) -> list[str]:
    found = []
    while not found or found[-1] not in ends:
        found.append(describe())
        assert len(found) < 10
    return found


def test_a_domain_makes_its_storage_in_the_network(moto, hub, network, domain):
    found = call(moto("sagemaker"), "DescribeDomain", DomainId=domain)
    assert (found["VpcId"], found["SubnetIds"]) == (network["VpcId"], network["SubnetIds"])
    assert found["Url"].startswith(f"https://{domain}.studio.{REGION}.")
    assert "SecurityGroupIdForDomainBoundary" not in found, "only RStudio has one"
    efs, ec2 = hub("efs"), hub("ec2")
    (storage,) = efs.describe_file_systems(FileSystemId=found["HomeEfsFileSystemId"])["FileSystems"]
    assert {"Key": TAG, "Value": found["DomainArn"]} in storage["Tags"]
    assert storage["Encrypted"] is True
    targets = efs.describe_mount_targets(FileSystemId=storage["FileSystemId"])["MountTargets"]
    assert sorted(each["AvailabilityZoneName"] for each in targets) == ["eu-west-1a", "eu-west-1b"]
    tagged = [{"Name": f"tag:{TAG}", "Values": [found["DomainArn"]]}]
    groups = {each["GroupName"]: each for each in ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]}
    inbound, outbound = (groups[f"security-group-for-{name}-nfs-{domain}"] for name in ("inbound", "outbound"))
    for rules, other in ((inbound["IpPermissions"], outbound), (outbound["IpPermissionsEgress"], inbound)):
        assert sorted((each["FromPort"], each["ToPort"]) for each in rules) == [(988, 988), (1018, 1023), (2049, 2049)]
        assert {pair["GroupId"] for each in rules for pair in each["UserIdGroupPairs"]} == {other["GroupId"]}


def test_a_domain_is_refused_outside_its_network(moto, hub, network):
    sagemaker, other = moto("sagemaker"), hub("ec2").create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    for wrong in ({"VpcId": other}, {"SubnetIds": ["subnet-absent"]}, {"AuthMode": "LDAP"}):
        given = {"DomainName": "science", **SETTINGS, **network} | wrong
        assert refused(sagemaker, "CreateDomain", **given) == "ValidationException"
    assert call(sagemaker, "ListDomains")["Domains"] == []
    assert refused(sagemaker, "DescribeDomain", DomainId="d-absent") == "ResourceNotFound"


def test_what_is_in_a_domain_holds_it(moto, domain):
    sagemaker = moto("sagemaker")
    ada = profile(sagemaker, domain, "ada")
    space = {"DomainId": domain, "SpaceName": "private"}
    call(
        sagemaker,
        "CreateSpace",
        **space,
        OwnershipSettings={"OwnerUserProfileName": "ada"},
        SpaceSharingSettings={"SharingType": "Private"},
    )
    assert statuses(lambda: call(sagemaker, "DescribeSpace", **space)["Status"], ("InService",))[0] == "Pending"
    (listed,) = call(sagemaker, "ListSpaces", DomainIdEquals=domain)["Spaces"]
    assert listed["OwnershipSettingsSummary"] == {"OwnerUserProfileName": "ada"}
    app = {**space, "AppType": "JupyterLab", "AppName": "default"}
    arn = call(sagemaker, "CreateApp", **app)["AppArn"]
    assert arn.endswith(f":app/{domain}/private/jupyterlab/default")
    assert refused(sagemaker, "DeleteApp", **app) == "ResourceInUse", "it is still pending"
    statuses(lambda: call(sagemaker, "DescribeApp", **app)["Status"], ("InService",))
    for operation, key in (("DeleteSpace", space), ("DeleteUserProfile", ada), ("DeleteDomain", {"DomainId": domain})):
        assert refused(sagemaker, operation, **key) == "ResourceInUse"
    call(sagemaker, "DeleteApp", **app)
    assert refused(sagemaker, "DeleteApp", **app) == "ResourceInUse", "it is being deleted"
    (last,) = eventually(
        lambda: [e for e in call(sagemaker, "ListApps", DomainIdEquals=domain)["Apps"] if e["Status"] == "Deleted"]
    )
    assert last["SpaceName"] == "private"
    with pytest.raises(ClientError, match="has already been deleted"):
        sagemaker.delete_app(**app)
    assert refused(sagemaker, "DeleteUserProfile", **ada) == "ResourceInUse", "it owns the space"
    call(sagemaker, "DeleteSpace", **space)
    assert call(sagemaker, "DescribeSpace", **space)["Status"] == "Deleting"
    assert refused(sagemaker, "DescribeSpace", **space) == "ResourceNotFound"
    call(sagemaker, "DeleteUserProfile", **ada)
    with pytest.raises(ClientError, match=r"because UserProfile\(s\) are associated with it"):
        sagemaker.delete_domain(DomainId=domain)
    eventually(lambda: not call(sagemaker, "ListUserProfiles", DomainIdEquals=domain)["UserProfiles"])
    call(sagemaker, "DeleteDomain", DomainId=domain)
    assert call(sagemaker, "DescribeDomain", DomainId=domain)["Status"] == "Deleting"
    assert refused(sagemaker, "DescribeDomain", DomainId=domain) == "ResourceNotFound"


def test_apps_belong_to_one_owner(moto, domain):
    sagemaker = moto("sagemaker")
    ada = profile(sagemaker, domain, "ada")
    app = {"DomainId": domain, "AppType": "KernelGateway", "AppName": "kernel"}
    assert refused(sagemaker, "CreateApp", **app) == "ValidationException"
    assert refused(sagemaker, "CreateApp", **app, UserProfileName="ada", SpaceName="ada") == "ValidationException"
    assert refused(sagemaker, "CreateApp", **app, SpaceName="absent") == "ResourceNotFound"
    call(sagemaker, "CreateApp", **app, **{"UserProfileName": "ada"})
    assert refused(sagemaker, "CreateApp", **app, UserProfileName="ada") == "ResourceInUse"
    assert refused(sagemaker, "DeleteUserProfile", **ada) == "ResourceInUse"
    assert call(sagemaker, "ListApps", DomainIdEquals=domain, UserProfileNameEquals="eve")["Apps"] == []


def test_lists_come_in_pages_of_ten(moto, domain):
    sagemaker = moto("sagemaker")
    for number in range(12):
        call(sagemaker, "CreateUserProfile", DomainId=domain, UserProfileName=f"user-{number:02}")
    first = call(sagemaker, "ListUserProfiles", DomainIdEquals=domain)
    assert len(first["UserProfiles"]) == 10
    rest = call(sagemaker, "ListUserProfiles", DomainIdEquals=domain, NextToken=first["NextToken"])
    assert [each["UserProfileName"] for each in rest["UserProfiles"]] == ["user-10", "user-11"]
    assert "NextToken" not in rest
    found = call(sagemaker, "ListUserProfiles", UserProfileNameContains="-11", MaxResults=1)["UserProfiles"]
    assert [each["UserProfileName"] for each in found] == ["user-11"]


def test_tags_come_in_pages_and_belong_to_one_resource(moto, domain):
    sagemaker = moto("sagemaker")
    arn = call(sagemaker, "DescribeDomain", DomainId=domain)["DomainArn"]
    call(sagemaker, "AddTags", ResourceArn=arn, Tags=[{"Key": f"k{n:02}", "Value": "v"} for n in range(25)])
    pages = list(sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn))
    assert [len(each["Tags"]) for each in pages] == [20, 5]
    call(sagemaker, "DeleteTags", ResourceArn=arn, TagKeys=[f"k{n:02}" for n in range(24)])
    assert call(sagemaker, "ListTags", ResourceArn=arn)["Tags"] == [{"Key": "k24", "Value": "v"}]
    assert refused(sagemaker, "ListTags", ResourceArn=arn.replace(domain, "d-absent")) == "ResourceNotFound"


def test_settings_are_updated_and_kept_where_not_named(moto, domain):
    sagemaker = moto("sagemaker")
    call(sagemaker, "UpdateDomain", DomainId=domain, DefaultUserSettings={"SecurityGroups": ["sg-1"]})
    assert call(sagemaker, "DescribeDomain", DomainId=domain)["Status"] == "Updating"
    settings = call(sagemaker, "DescribeDomain", DomainId=domain)["DefaultUserSettings"]
    assert settings == {"ExecutionRole": ROLE, "SecurityGroups": ["sg-1"]}


def test_a_domain_deleted_with_its_storage_leaves_nothing(moto, hub, network, domain):
    sagemaker = moto("sagemaker")
    call(sagemaker, "DeleteDomain", DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    for subnet in network["SubnetIds"]:
        hub("ec2").delete_subnet(SubnetId=subnet)
    hub("ec2").delete_vpc(VpcId=network["VpcId"])
    eventually(lambda: not hub("efs").describe_file_systems()["FileSystems"])


def test_projects_say_who_made_them_in_studio(moto, domain):
    sagemaker = moto("sagemaker")
    ada = profile(sagemaker, domain, "ada")
    arn = call(sagemaker, "DescribeUserProfile", **ada)["UserProfileArn"]
    product = {"ServiceCatalogProvisioningDetails": {"ProductId": "prod-abc"}}
    created_by = [{"Key": "local-cloud:created-by", "Value": arn}]
    assert refused(sagemaker, "CreateProject", ProjectName="fraud") == "ValidationException"
    made = call(sagemaker, "CreateProject", ProjectName="fraud", **product, Tags=created_by)
    found = [call(sagemaker, "DescribeProject", ProjectName="fraud") for _ in range(2)]
    assert [each["ProjectStatus"] for each in found] == ["CreateInProgress", "CreateCompleted"]
    assert found[0]["CreatedBy"] == {"UserProfileArn": arn, "UserProfileName": "ada", "DomainId": domain}
    assert call(sagemaker, "ListTags", ResourceArn=made["ProjectArn"])["Tags"] == []
    call(sagemaker, "CreateProject", ProjectName="console", **product)
    assert "CreatedBy" not in call(sagemaker, "DescribeProject", ProjectName="console")
    names = [each["ProjectName"] for each in call(sagemaker, "ListProjects", SortBy="Name")["ProjectSummaryList"]]
    assert names == ["console", "fraud"]
    call(sagemaker, "DeleteProject", ProjectName="fraud")
    assert call(sagemaker, "DescribeProject", ProjectName="fraud")["ProjectStatus"] == "DeleteInProgress"
    with pytest.raises(ClientError, match="does not exist") as error:
        sagemaker.describe_project(ProjectName="fraud")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_policies_of_model_package_groups(moto):
    sagemaker, group = moto("sagemaker"), {"ModelPackageGroupName": "fraud"}
    with pytest.raises(ClientError, match="Cannot find Model Package Group: arn"):
        sagemaker.get_model_package_group_policy(**group)
    call(sagemaker, "CreateModelPackageGroup", **group)
    assert refused(sagemaker, "CreateModelPackageGroup", **group) == "ValidationException"
    with pytest.raises(ClientError, match="Cannot find resource policy for: arn") as error:
        sagemaker.get_model_package_group_policy(**group)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert refused(sagemaker, "PutModelPackageGroupPolicy", **group, ResourcePolicy="{") == "ValidationException"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow"}]})
    call(sagemaker, "PutModelPackageGroupPolicy", **group, ResourcePolicy=policy)
    assert call(sagemaker, "GetModelPackageGroupPolicy", **group)["ResourcePolicy"] == policy
    call(sagemaker, "DeleteModelPackageGroupPolicy", **group)
    assert refused(sagemaker, "DeleteModelPackageGroupPolicy", **group) == "ValidationException"
    call(sagemaker, "DeleteModelPackageGroup", **group)
    assert refused(sagemaker, "DescribeModelPackageGroup", **group) == "ValidationException"


def test_studio_belongs_to_an_account_and_a_reset_forgets_it(running, moto, state, domain):
    other = state["organization"]["accounts"]["staging"][0]
    assert call(moto("sagemaker", other), "ListDomains")["Domains"] == []
    running.reset()
    assert call(moto("sagemaker"), "ListDomains")["Domains"] == []
