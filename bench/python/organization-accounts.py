"""Custom::OrganizationAccounts, written the usual way."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
ORGANIZATIONS = boto3.client("organizations")


def path(unit):
    """The unit's place in the organization, as aws:PrincipalOrgPaths compares it."""
    organization = ORGANIZATIONS.describe_organization()["Organization"]["Id"]
    below = [unit]
    while True:
        parent = ORGANIZATIONS.list_parents(ChildId=below[-1])["Parents"][0]
        below.append(parent["Id"])
        if parent["Type"] == "ROOT":
            return "/".join([organization, *reversed(below), "*"])


def accounts(parent):
    for page in ORGANIZATIONS.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        for account in page["Accounts"]:
            if account.get("State", account["Status"]) == "ACTIVE":
                yield account["Id"]
    for page in ORGANIZATIONS.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            yield from accounts(unit["Id"])


@custom_resource
def handler(event):
    if event["RequestType"] == "Delete":
        return {}
    properties = event["ResourceProperties"]
    units = properties["OrganizationalUnitIds"]
    paths = [path(unit) for unit in units]
    found = {account for unit in units for account in accounts(unit)} - set(properties.get("Exclude", []))
    LOGGER.info("found %d accounts", len(found))
    return {
        "Accounts": ",".join(sorted(found)),
        "Count": str(len(found)),
        "OrganizationPaths": ",".join(sorted(paths)),
    }
