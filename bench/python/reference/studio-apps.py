"""Emptying a Studio domain as the reference solution does it: kernel gateways only, one by one, in one invocation."""

import time

import boto3
from response import custom_resource

SAGEMAKER = boto3.client("sagemaker")
POLL_SECONDS = 5


def kernel_gateways(domain):
    pages = SAGEMAKER.get_paginator("list_apps").paginate(DomainIdEquals=domain)
    apps = (app for page in pages for app in page["Apps"])
    return [app for app in apps if app["AppType"] == "KernelGateway" and app["Status"] != "Deleted"]


@custom_resource
def handler(event):
    domain = event["ResourceProperties"]["DomainId"]
    if event["RequestType"] != "Delete":
        return {}
    SAGEMAKER.describe_domain(DomainId=domain)
    for app in kernel_gateways(domain):
        SAGEMAKER.delete_app(
            DomainId=domain,
            UserProfileName=app["UserProfileName"],
            AppType=app["AppType"],
            AppName=app["AppName"],
        )
    while kernel_gateways(domain):
        time.sleep(POLL_SECONDS)
    return {}
