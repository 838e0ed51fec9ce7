"""Custom::ProjectRoles, written the usual way."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
IAM = boto3.client("iam")
OWNER_TAG = "secure-mlops:owner-stack"
PATH = "/service-role/"
SERVICES = {
    "AmazonSageMakerServiceCatalogProductsLaunchRole": {"servicecatalog.amazonaws.com"},
    "AmazonSageMakerServiceCatalogProductsExecutionRole": {"sagemaker.amazonaws.com"},
}


def trusted(role):
    services = set()
    for statement in role["AssumeRolePolicyDocument"]["Statement"]:
        named = statement["Principal"].get("Service", [])
        services.update([named] if isinstance(named, str) else named)
    return services


def made_here(name, stack):
    try:
        role = IAM.get_role(RoleName=name)["Role"]
    except IAM.exceptions.NoSuchEntityException:
        return name
    if {"Key": OWNER_TAG, "Value": stack} in role.get("Tags", []):
        return name
    if role["Path"] != PATH or not SERVICES.get(name, set()) <= trusted(role):
        raise ValueError(f"role {name} cannot be used")
    return ""


@custom_resource
def handler(event):
    if event["RequestType"] == "Delete":
        return {}
    stack = event["StackId"]
    roles = {name: made_here(name, stack) for name in event["ResourceProperties"]["RoleNames"]}
    LOGGER.info("looked at %d roles", len(roles))
    return {"OwnerTagValue": stack, **roles}
