"""What SageMaker makes in the account of a domain: its file system, mount targets and security groups.

In the hub account they are ministack's, so that they stand in the way of its subnets and VPCs as they do in AWS.
"""

import functools
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from service_model import Refused

TAG = "ManagedByAmazonSageMakerResource"
NFS_PORTS = ((988, 988), (1018, 1023), (2049, 2049))


def create(account_id: str, region: str, domain: dict) -> str:
    """Makes the storage of a domain, as its answer of DescribeDomain gives it; returns the file system's id."""
    ec2, efs = _client("ec2", account_id, region), _client("efs", account_id, region)
    zones = _zones(ec2, domain)
    tags = [{"Key": TAG, "Value": domain["DomainArn"]}]
    inbound, outbound = (_create_group(ec2, domain, name, tags) for name in ("inbound", "outbound"))
    ec2.authorize_security_group_ingress(GroupId=inbound, IpPermissions=_nfs(outbound))
    ec2.revoke_security_group_egress(
        GroupId=outbound, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    ec2.authorize_security_group_egress(GroupId=outbound, IpPermissions=_nfs(inbound))
    key = domain.get("HomeEfsFileSystemKmsKeyId") or domain.get("KmsKeyId")
    file_system = efs.create_file_system(
        CreationToken=domain["DomainId"], Encrypted=True, Tags=tags, **({"KmsKeyId": key} if key else {})
    )["FileSystemId"]
    for subnet in zones.values():
        efs.create_mount_target(FileSystemId=file_system, SubnetId=subnet, SecurityGroups=[inbound])
    return file_system


def delete(account_id: str, region: str, domain: dict) -> None:
    """Removes it again, for a domain that is deleted with its storage."""
    ec2, efs = _client("ec2", account_id, region), _client("efs", account_id, region)
    file_system = {"FileSystemId": domain["HomeEfsFileSystemId"]}
    while targets := efs.describe_mount_targets(**file_system)["MountTargets"]:
        for each in targets:
            if each["LifeCycleState"] == "available":
                efs.delete_mount_target(MountTargetId=each["MountTargetId"])
    efs.delete_file_system(**file_system)
    groups = {"Name": f"tag:{TAG}", "Values": [domain["DomainArn"]]}
    found = ec2.describe_security_groups(Filters=[groups])["SecurityGroups"]
    for group in found:
        for revoke, rules in (
            (ec2.revoke_security_group_ingress, group["IpPermissions"]),
            (ec2.revoke_security_group_egress, group["IpPermissionsEgress"]),
        ):
            if rules:
                revoke(GroupId=group["GroupId"], IpPermissions=rules)
    for group in found:
        while ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}])[
            "NetworkInterfaces"
        ]:
            pass  # those of the mount targets go with the looks at them
        ec2.delete_security_group(GroupId=group["GroupId"])


def _zones(ec2, domain: dict) -> dict[str, str]:
    """One subnet for each availability zone: a file system has no second mount target in a zone."""
    try:
        subnets = ec2.describe_subnets(SubnetIds=domain["SubnetIds"])["Subnets"]
    except ClientError as error:
        raise Refused("ValidationException", error.response["Error"]["Message"]) from error
    outside = [each["SubnetId"] for each in subnets if each["VpcId"] != domain["VpcId"]]
    if outside:
        raise Refused("ValidationException", f"Subnets {', '.join(outside)} are not in {domain['VpcId']}.")
    return {each["AvailabilityZone"]: each["SubnetId"] for each in subnets}


def _create_group(ec2, domain: dict, direction: str, tags: list[dict]) -> str:
    name = f"security-group-for-{direction}-nfs-{domain['DomainId']}"
    return ec2.create_security_group(
        GroupName=name,
        Description=f"{direction} NFS traffic of {domain['DomainArn']}",
        VpcId=domain["VpcId"],
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )["GroupId"]


def _nfs(other: str) -> list[dict]:
    return [
        {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "UserIdGroupPairs": [{"GroupId": other}]}
        for first, last in NFS_PORTS
    ]


@functools.cache
def _client(service: str, account_id: str, region: str):
    keys = {"aws_access_key_id": account_id, "aws_secret_access_key": "local-cloud"}
    return boto3.client(service, region, endpoint_url=os.environ["HUB_ENDPOINT_URL"], config=Config(proxies={}), **keys)
