import pytest
from botocore.exceptions import ClientError
from conftest import REGION, eventually
from test_supplement import call, refused


@pytest.fixture
def vpc(hub) -> str:
    return hub("ec2").create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet(hub, vpc) -> str:
    return hub("ec2").create_subnet(VpcId=vpc, CidrBlock="10.4.1.0/24", AvailabilityZone=f"{REGION}a")["Subnet"][
        "SubnetId"
    ]


def group(ec2, vpc: str, name: str) -> str:
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


def filters(**values: str) -> list[dict]:
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def nfs(*groups: str) -> list[dict]:
    pairs = [{"GroupId": each} for each in groups]
    return [{"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": pairs}]


@pytest.fixture
def file_system(hub) -> str:
    return hub("efs").create_file_system(CreationToken="home")["FileSystemId"]


def test_groups_that_refer_to_each_other_cannot_be_deleted(hub, vpc):
    ec2 = hub("ec2")
    one, two = group(ec2, vpc, "one"), group(ec2, vpc, "two")
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=nfs(one, two))
    ec2.authorize_security_group_egress(GroupId=two, IpPermissions=nfs(one))
    with pytest.raises(ClientError, match=f"resource {two} has a dependent object") as error:
        ec2.delete_security_group(GroupId=two)
    assert error.value.response["Error"]["Code"] == "DependencyViolation"
    (described,) = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"]
    (permission,) = described["IpPermissions"]
    assert {each["GroupId"] for each in permission["UserIdGroupPairs"]} == {one, two}, "answered as one permission"
    rules = ec2.describe_security_group_rules(Filters=filters(group_id=one))["SecurityGroupRules"]
    ingress = [each for each in rules if not each["IsEgress"]]
    assert {each["ReferencedGroupInfo"]["GroupId"] for each in ingress} == {one, two}, "but a rule for each"

    ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=nfs(two))
    (permission,) = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"][0]["IpPermissions"]
    assert [each["GroupId"] for each in permission["UserIdGroupPairs"]] == [one], "one target of several is taken away"
    gone = {"GroupId": one, "IpPermissions": nfs(two)}
    assert refused(ec2, "RevokeSecurityGroupIngress", **gone) == "InvalidPermission.NotFound"
    ec2.delete_security_group(GroupId=two)
    ec2.delete_security_group(GroupId=one)  # a reference to itself does not hold a group
    assert refused(ec2, "DeleteSecurityGroup", GroupId=one) == "InvalidGroup.NotFound"


def test_rules_are_revoked_by_id_and_as_they_are_described(hub, vpc):
    ec2 = hub("ec2")
    one, two = group(ec2, vpc, "one"), group(ec2, vpc, "two")
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=nfs(two))
    ec2.authorize_security_group_egress(GroupId=one, IpPermissions=nfs(two))
    (described,) = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"]
    assert described["IpPermissions"][0]["UserIdGroupPairs"][0]["UserId"] == described["OwnerId"]
    ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=described["IpPermissions"])
    rules = ec2.describe_security_group_rules(Filters=filters(group_id=one))["SecurityGroupRules"]
    egress = [each["SecurityGroupRuleId"] for each in rules if each["IsEgress"] and "ReferencedGroupInfo" in each]
    ec2.revoke_security_group_egress(GroupId=one, SecurityGroupRuleIds=egress)
    (described,) = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"]
    assert described["IpPermissions"] == []
    assert [each["IpProtocol"] for each in described["IpPermissionsEgress"]] == ["-1"]


def test_filters_and_pages(hub, vpc):
    ec2 = hub("ec2")
    other = ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    for number in range(12):
        for network in (vpc, other):
            ec2.create_subnet(VpcId=network, CidrBlock=f"10.4.{number}.0/24")
        group(ec2, vpc, f"group-{number:02}")
    pages = list(
        ec2.get_paginator("describe_subnets").paginate(
            Filters=filters(vpc_id=vpc, **{"cidr-block": "10.4.*"}), PaginationConfig={"PageSize": 5}
        )
    )
    assert [len(each["Subnets"]) for each in pages] == [5, 5, 2]
    assert {each["VpcId"] for page in pages for each in page["Subnets"]} == {vpc}
    pages = list(
        ec2.get_paginator("describe_security_groups").paginate(
            Filters=filters(vpc_id=vpc, group_name="group-*"), PaginationConfig={"PageSize": 5}
        )
    )
    assert [len(each["SecurityGroups"]) for each in pages] == [5, 5, 2]
    tagged = pages[0]["SecurityGroups"][0]["GroupId"]
    ec2.create_tags(Resources=[tagged], Tags=[{"Key": "owner", "Value": "studio"}])
    (found,) = ec2.describe_security_groups(Filters=filters(**{"tag:owner": "studio"}))["SecurityGroups"]
    assert (found["GroupId"], found["Tags"]) == (tagged, [{"Key": "owner", "Value": "studio"}])
    assert refused(ec2, "DescribeSubnets", Filters=filters(vpc="x")) == "InvalidParameterValue"
    assert refused(ec2, "DescribeSubnets", MaxResults=1001) == "InvalidParameterValue"
    assert refused(ec2, "DescribeSubnets", SubnetIds=["subnet-absent"]) == "InvalidSubnetID.NotFound"
    assert refused(ec2, "DescribeRouteTables", RouteTableIds=["rtb-absent"]) == "InvalidRouteTableID.NotFound"


def test_a_vpc_has_a_main_route_table(hub, vpc, subnet):
    ec2 = hub("ec2")
    (main,) = ec2.describe_route_tables(Filters=filters(vpc_id=vpc, **{"association.main": "true"}))["RouteTables"]
    assert [each["Main"] for each in main["Associations"]] == [True]
    own = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    by_subnet = filters(**{"association.subnet-id": subnet})
    assert ec2.describe_route_tables(Filters=by_subnet)["RouteTables"] == []
    ec2.associate_route_table(RouteTableId=own, SubnetId=subnet)
    assert [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=by_subnet)["RouteTables"]] == [own]
    ec2.delete_subnet(SubnetId=subnet)
    assert refused(ec2, "DeleteVpc", VpcId=vpc) == "DependencyViolation", "there is a route table beside the main one"
    ec2.delete_route_table(RouteTableId=own)
    ec2.delete_vpc(VpcId=vpc)


def test_mount_targets_hold_the_network_for_a_while(hub, vpc, subnet, file_system):
    ec2, efs = hub("ec2"), hub("efs")
    nfs_group = group(ec2, vpc, "nfs")
    made = efs.create_mount_target(FileSystemId=file_system, SubnetId=subnet, SecurityGroups=[nfs_group])
    target = {"MountTargetId": made["MountTargetId"]}
    assert made["LifeCycleState"] == "creating"
    describe = lambda: efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]  # noqa: E731
    eventually(lambda: describe()[0]["LifeCycleState"] == "available")
    by_group = filters(group_id=nfs_group)
    (interface,) = ec2.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"]
    assert (interface["NetworkInterfaceId"], interface["Status"]) == (made["NetworkInterfaceId"], "in-use")
    assert interface["Description"] == f"EFS mount target for {file_system} ({made['MountTargetId']})"
    assert interface["RequesterManaged"] is True
    assert interface["SubnetId"] == subnet
    for operation, key in (
        ("DeleteSecurityGroup", {"GroupId": nfs_group}),
        ("DeleteSubnet", {"SubnetId": subnet}),
        ("DeleteVpc", {"VpcId": vpc}),
    ):
        assert refused(ec2, operation, **key) == "DependencyViolation"
    used = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    assert refused(ec2, "DeleteNetworkInterface", **used) == "InvalidParameterValue"

    assert refused(efs, "DeleteFileSystem", FileSystemId=file_system) == "FileSystemInUse"
    efs.delete_mount_target(**target)
    assert describe()[0]["LifeCycleState"] == "deleting"
    assert describe() == []
    assert refused(efs, "DeleteMountTarget", **target) == "MountTargetNotFound"
    assert refused(ec2, "DeleteSecurityGroup", GroupId=nfs_group) == "DependencyViolation", "its interface stays"
    eventually(lambda: not ec2.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"])
    ec2.delete_security_group(GroupId=nfs_group)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    efs.delete_file_system(FileSystemId=file_system)
    assert efs.describe_file_systems(FileSystemId=file_system)["FileSystems"][0]["LifeCycleState"] == "deleting"
    assert refused(efs, "DescribeFileSystems", FileSystemId=file_system) == "FileSystemNotFound"


def test_file_systems_come_in_pages_with_their_tags(hub):
    efs = hub("efs")
    made = [efs.create_file_system(CreationToken=f"number-{n}")["FileSystemId"] for n in range(5)]
    assert refused(efs, "CreateFileSystem", CreationToken="number-0") == "FileSystemAlreadyExists"
    efs.tag_resource(ResourceId=made[0], Tags=[{"Key": "team", "Value": "fraud"}])
    pages = list(efs.get_paginator("describe_file_systems").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(each["FileSystems"]) for each in pages] == [2, 2, 1]
    found = {each["FileSystemId"]: each["Tags"] for page in pages for each in page["FileSystems"]}
    assert found[made[0]] == [{"Key": "team", "Value": "fraud"}]
    assert sorted(found) == sorted(made)
    assert refused(efs, "DescribeMountTargets") == "BadRequest"
    assert refused(efs, "DescribeMountTargets", FileSystemId="fs-0123456789abcdef0") == "FileSystemNotFound"
    assert refused(efs, "DescribeMountTargets", MountTargetId="fsmt-0123456789abcdef0") == "MountTargetNotFound"


def test_endpoints_hold_what_they_use(hub, vpc, subnet):
    ec2 = hub("ec2")
    endpoint = call(
        ec2,
        "CreateVpcEndpoint",
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
    )["VpcEndpoint"]["VpcEndpointId"]
    assert refused(ec2, "DeleteSubnet", SubnetId=subnet) == "DependencyViolation"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
