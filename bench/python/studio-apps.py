"""Custom::StudioApps, written the usual way, as far as a domain whose apps are gone already needs it."""

import logging
import time

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
LAMBDA = boto3.client("lambda")
SAGEMAKER = boto3.client("sagemaker")


def listed(operation, key, domain):
    pages = SAGEMAKER.get_paginator(operation).paginate(DomainIdEquals=domain, PaginationConfig={"PageSize": 100})
    return [item for page in pages for item in page[key] if item["Status"] != "Deleted"]


@custom_resource
def handler(event):
    domain = event["ResourceProperties"]["DomainId"]
    if event["RequestType"] != "Delete":
        return {}
    while True:
        apps = listed("list_apps", "Apps", domain)
        spaces = listed("list_spaces", "Spaces", domain)
        for app in apps:
            if app["Status"] != "Deleting":
                owner = {key: app[key] for key in ("UserProfileName", "SpaceName") if key in app}
                SAGEMAKER.delete_app(DomainId=domain, AppType=app["AppType"], AppName=app["AppName"], **owner)
        used = {app.get("SpaceName") for app in apps}
        for space in spaces:
            if space["Status"] != "Deleting" and space["SpaceName"] not in used:
                SAGEMAKER.delete_space(DomainId=domain, SpaceName=space["SpaceName"])
        if not apps and not spaces:
            LOGGER.info("emptied %s", domain)
            return {}
        time.sleep(10)
