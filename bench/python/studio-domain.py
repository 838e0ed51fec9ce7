"""Custom::StudioDomain, written the usual way."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
EC2 = boto3.client("ec2")
EFS = boto3.client("efs")
SAGEMAKER = boto3.client("sagemaker")
SSM = boto3.client("ssm")
SERVICE_TAG = "ManagedByAmazonSageMakerResource"


def belongs(tags, arn):
    return {"Key": SERVICE_TAG, "Value": arn} in tags


def registered(parameter):
    try:
        return SSM.get_parameter(Name=parameter)["Parameter"]["Value"]
    except SSM.exceptions.ParameterNotFound:
        return None


@custom_resource
def handler(event):
    properties = event["ResourceProperties"]
    domain_id, name, kind = (properties[key] for key in ("DomainId", "EnvironmentName", "EnvironmentType"))
    parameter = f"/{name}/{kind}/sagemaker-domain-id"
    if event["RequestType"] == "Delete":
        if registered(parameter) == domain_id:
            SSM.delete_parameter(Name=parameter)
        return {}
    domain = SAGEMAKER.describe_domain(DomainId=domain_id)
    arn, vpc, file_system = domain["DomainArn"], domain["VpcId"], domain["HomeEfsFileSystemId"]
    current = registered(parameter)
    if current not in (None, domain_id):
        raise ValueError(f"{parameter} names {current}")
    tags = [{"Key": "EnvironmentName", "Value": name}, {"Key": "EnvironmentType", "Value": kind}]
    if belongs(EFS.describe_file_systems(FileSystemId=file_system)["FileSystems"][0]["Tags"], arn):
        EFS.tag_resource(ResourceId=file_system, Tags=tags)
    names = [f"security-group-for-{way}-nfs-{domain_id}" for way in ("inbound", "outbound")]
    pages = EC2.get_paginator("describe_security_groups").paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": names}]
    )
    groups = [
        group["GroupId"] for page in pages for group in page["SecurityGroups"] if belongs(group.get("Tags", []), arn)
    ]
    if groups:
        EC2.create_tags(Resources=groups, Tags=tags)
    if current is None:
        SSM.put_parameter(Name=parameter, Value=domain_id, Type="String")
    LOGGER.info("registered %s as %s", domain_id, parameter)
    return {
        "DomainArn": arn,
        "Url": domain["Url"],
        "HomeEfsFileSystemId": file_system,
        "VpcId": vpc,
        "SubnetIds": ",".join(domain["SubnetIds"]),
        "SecurityGroupIds": ",".join(groups),
    }
