"""Custom::SageMakerProjects, written the usual way."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
SAGEMAKER = boto3.client("sagemaker")
SERVICE_CATALOG = boto3.client("servicecatalog")
PROVIDER = "Amazon SageMaker"


def portfolio_id():
    pages = SERVICE_CATALOG.get_paginator("list_accepted_portfolio_shares").paginate(PortfolioShareType="IMPORTED")
    for page in pages:
        for portfolio in page["PortfolioDetails"]:
            if portfolio["ProviderName"] == PROVIDER:
                return portfolio["Id"]
    raise LookupError("the SageMaker portfolio is not shared with this account")


@custom_resource
def handler(event):
    roles = event["ResourceProperties"]["ExecutionRoleArns"]
    if event["RequestType"] == "Delete":
        portfolio = portfolio_id()
        for role in roles:
            SERVICE_CATALOG.disassociate_principal_from_portfolio(PortfolioId=portfolio, PrincipalARN=role)
        return {}
    SAGEMAKER.enable_sagemaker_servicecatalog_portfolio()
    portfolio = portfolio_id()
    for role in roles:
        SERVICE_CATALOG.associate_principal_with_portfolio(
            PortfolioId=portfolio, PrincipalARN=role, PrincipalType="IAM"
        )
        LOGGER.info("associated %s with %s", role, portfolio)
    return {"PortfolioId": portfolio}
