"""Custom::EnvironmentConfiguration, written the usual way."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
SAGEMAKER = boto3.client("sagemaker")
SSM = boto3.client("ssm")


def environment(arn):
    pages = SAGEMAKER.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    return tags["EnvironmentName"], tags["EnvironmentType"]


def parameters(names):
    found = {}
    for start in range(0, len(names), 10):
        for parameter in SSM.get_parameters(Names=names[start : start + 10])["Parameters"]:
            found[parameter["Name"]] = parameter["Value"]
    return found


@custom_resource
def handler(event):
    if event["RequestType"] == "Delete":
        return {}
    properties = event["ResourceProperties"]
    project = SAGEMAKER.describe_project(ProjectName=properties["SageMakerProjectName"])
    domain = SAGEMAKER.describe_domain(DomainId=project["CreatedBy"]["DomainId"])
    name, kind = environment(domain["DomainArn"])
    required = dict(pair.split("=", 1) for pair in properties["Parameters"])
    optional = dict(pair.split("=", 1) for pair in properties.get("OptionalParameters", []))
    path = f"/{name}/{kind}/"
    found = parameters(sorted(path + key for key in {*required.values(), *optional.values()}))
    missing = [path + key for key in required.values() if path + key not in found]
    if missing:
        raise LookupError(f"there are no parameters {missing}")
    LOGGER.info("found %d parameters", len(found))
    settings = domain["DefaultUserSettings"]
    return {
        "EnvironmentName": name,
        "EnvironmentType": kind,
        "DomainId": domain["DomainId"],
        "DomainArn": domain["DomainArn"],
        "VpcId": domain["VpcId"],
        "SubnetIds": ",".join(domain["SubnetIds"]),
        "SecurityGroups": ",".join(settings.get("SecurityGroups", [])),
        "ExecutionRole": settings["ExecutionRole"],
        **{attribute: found.get(path + key, "") for attribute, key in {**required, **optional}.items()},
    }
