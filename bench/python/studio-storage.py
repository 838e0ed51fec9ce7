"""Custom::StudioStorage, written the usual way, as far as a deletion with a complete backup needs it."""

import hashlib
import logging
import time

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
BACKUP = boto3.client("backup")
EC2 = boto3.client("ec2")
EFS = boto3.client("efs")
LAMBDA = boto3.client("lambda")
SAGEMAKER = boto3.client("sagemaker")
SERVICE_TAG = "ManagedByAmazonSageMakerResource"


def listed(client, operation, key, **arguments):
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def owned(things, properties):
    """Those that carry the environment's tags and whose domain is gone."""
    wanted = {key: properties[key] for key in ("EnvironmentName", "EnvironmentType")}
    found, gone = [], {}
    for thing in things:
        tags = {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}
        if SERVICE_TAG not in tags or not wanted.items() <= tags.items():
            continue
        domain = tags[SERVICE_TAG].split("/")[-1]
        if domain not in gone:
            gone[domain] = is_gone(domain)
        if gone[domain]:
            found.append(thing)
    return found


def is_gone(domain):
    try:
        SAGEMAKER.describe_domain(DomainId=domain)
    except SAGEMAKER.exceptions.ResourceNotFound:
        return True
    return False


def back_up(file_system, properties):
    job = BACKUP.start_backup_job(
        BackupVaultName=properties["BackupVaultName"],
        ResourceArn=file_system["FileSystemArn"],
        IamRoleArn=properties["BackupRoleArn"],
        IdempotencyToken=hashlib.sha256(file_system["FileSystemArn"].encode()).hexdigest(),
    )["BackupJobId"]
    while (state := BACKUP.describe_backup_job(BackupJobId=job)["State"]) != "COMPLETED":
        if state in ("ABORTED", "EXPIRED", "FAILED", "PARTIAL"):
            raise RuntimeError(f"backup job {job} ended {state}")
        time.sleep(5)


def unmount(file_system):
    while targets := listed(EFS, "describe_mount_targets", "MountTargets", FileSystemId=file_system["FileSystemId"]):
        for target in targets:
            if target["LifeCycleState"] != "deleting":
                EFS.delete_mount_target(MountTargetId=target["MountTargetId"])
        time.sleep(5)


def delete_groups(groups):
    ids = [group["GroupId"] for group in groups]
    interfaces = listed(
        EC2, "describe_network_interfaces", "NetworkInterfaces", Filters=[{"Name": "group-id", "Values": ids}]
    )
    for interface in interfaces:
        if interface["Status"] == "available":
            EC2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    for group in groups:
        if group["IpPermissions"]:
            EC2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group["IpPermissionsEgress"]:
            EC2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    for group in ids:
        EC2.delete_security_group(GroupId=group)


@custom_resource
def handler(event):
    properties = event["ResourceProperties"]
    if event["RequestType"] != "Delete":
        return {}
    file_systems = owned(listed(EFS, "describe_file_systems", "FileSystems"), properties)
    vpc = [{"Name": "vpc-id", "Values": [properties["VpcId"]]}]
    groups = owned(listed(EC2, "describe_security_groups", "SecurityGroups", Filters=vpc), properties)
    if properties["OnDelete"] == "Backup":
        for file_system in file_systems:
            back_up(file_system, properties)
    for file_system in file_systems:
        unmount(file_system)
    if groups:
        delete_groups(groups)
    if properties["OnDelete"] != "Retain":
        for file_system in file_systems:
            try:
                EFS.delete_file_system(FileSystemId=file_system["FileSystemId"])
            except EFS.exceptions.FileSystemNotFound:
                LOGGER.info("%s is gone", file_system["FileSystemId"])
    LOGGER.info("removed %d file systems and %d groups", len(file_systems), len(groups))
    return {}
