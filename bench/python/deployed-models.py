"""Custom::DeployedModels, written the usual way, as far as a platform without stack sets of its own needs it."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
CLOUDFORMATION = boto3.client("cloudformation")
LAMBDA = boto3.client("lambda")
SSM = boto3.client("ssm")


def stack_sets(platform):
    found = {}
    for call_as in ("SELF", "DELEGATED_ADMIN"):
        pages = CLOUDFORMATION.get_paginator("list_stack_sets").paginate(Status="ACTIVE", CallAs=call_as)
        for summary in (summary for page in pages for summary in page["Summaries"]):
            name = summary["StackSetName"]
            if name.startswith(f"{platform}-") and name not in found:
                tags = CLOUDFORMATION.describe_stack_set(StackSetName=name, CallAs=call_as)["StackSet"]["Tags"]
                if {"Key": "secure-mlops:platform", "Value": platform} in tags:
                    found[name] = call_as
    return found


@custom_resource
def handler(event):
    properties = event["ResourceProperties"]
    platform = properties["PlatformName"]
    if event["RequestType"] != "Delete":
        return {}
    found = stack_sets(platform)
    if properties.get("OnDelete") != "Delete":
        LOGGER.info("retained %s", list(found))
        return {}
    if found:
        raise NotImplementedError(f"removing {list(found)} takes longer than a measurement")
    root = f"/{platform}/deployments/"
    pages = SSM.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True)
    live = [
        parameter["Name"]
        for page in pages
        for parameter in page["Parameters"]
        if parameter["Name"][len(root) :].split("/")[1:2] == ["live"]
    ]
    for start in range(0, len(live), 10):
        SSM.delete_parameters(Names=live[start : start + 10])
    LOGGER.info("removed %d records", len(live))
    return {}
