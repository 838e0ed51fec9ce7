import uuid

import pytest
from botocore.exceptions import ClientError
from shapes import faults_in, model_of

ROLE = "arn:aws:iam::111111111111:role/scientist"


def call(client, operation: str, **parameters) -> dict:
    """Calls, and holds the answer to the service's model."""
    name = operation[0].lower() + "".join(f"_{c.lower()}" if c.isupper() else c for c in operation[1:])
    answer = getattr(client, name)(**parameters)
    answer.pop("ResponseMetadata")
    shape = model_of(client.meta.service_model.service_name).operation_model(operation).output_shape
    assert shape is None or faults_in(answer, shape) == ""
    return answer


def refused(client, operation: str, **parameters) -> str:
    with pytest.raises(ClientError) as error:
        call(client, operation, **parameters)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def portfolio(moto) -> str:
    call(moto("sagemaker"), "EnableSagemakerServicecatalogPortfolio")
    catalog = moto("servicecatalog")
    assert call(catalog, "ListAcceptedPortfolioShares")["PortfolioDetails"] == [], "the share is asynchronous"
    (found,) = call(catalog, "ListAcceptedPortfolioShares")["PortfolioDetails"]
    assert found["ProviderName"] == "Amazon SageMaker"
    return found["Id"]


def test_the_portfolio_is_enabled_once_and_disabled(moto, portfolio):
    sagemaker, catalog = moto("sagemaker"), moto("servicecatalog")
    call(sagemaker, "EnableSagemakerServicecatalogPortfolio")
    assert [each["Id"] for each in call(catalog, "ListAcceptedPortfolioShares")["PortfolioDetails"]] == [portfolio]
    assert call(sagemaker, "GetSagemakerServicecatalogPortfolioStatus") == {"Status": "Enabled"}
    assert (
        call(catalog, "ListAcceptedPortfolioShares", PortfolioShareType="AWS_ORGANIZATIONS")["PortfolioDetails"] == []
    )
    call(sagemaker, "DisableSagemakerServicecatalogPortfolio")
    assert call(sagemaker, "GetSagemakerServicecatalogPortfolioStatus") == {"Status": "Disabled"}
    assert call(catalog, "ListAcceptedPortfolioShares")["PortfolioDetails"] == []


def test_the_portfolio_belongs_to_one_account(moto, portfolio, state):
    other = state["organization"]["accounts"]["staging"][0]
    assert call(moto("sagemaker", other), "GetSagemakerServicecatalogPortfolioStatus") == {"Status": "Disabled"}
    assert (
        refused(moto("servicecatalog", other), "ListPrincipalsForPortfolio", PortfolioId=portfolio)
        == "ResourceNotFoundException"
    )


def test_principals_are_associated_listed_in_pages_and_taken_away(moto, portfolio):
    catalog = moto("servicecatalog")
    roles = [f"{ROLE}-{number}" for number in range(5)]
    for role in [*roles, roles[0]]:  # twice is once
        call(catalog, "AssociatePrincipalWithPortfolio", PortfolioId=portfolio, PrincipalARN=role, PrincipalType="IAM")
    pages = list(catalog.get_paginator("list_principals_for_portfolio").paginate(PortfolioId=portfolio, PageSize=2))
    assert [len(each["Principals"]) for each in pages] == [2, 2, 1]
    assert [each["PrincipalARN"] for each_page in pages for each in each_page["Principals"]] == roles
    gone = {"PortfolioId": portfolio, "PrincipalARN": roles[0]}
    call(catalog, "DisassociatePrincipalFromPortfolio", **gone)
    assert len(call(catalog, "ListPrincipalsForPortfolio", PortfolioId=portfolio)["Principals"]) == 4
    assert refused(catalog, "DisassociatePrincipalFromPortfolio", **gone) == "ResourceNotFoundException"


def test_principals_have_a_limit(moto, portfolio):
    catalog = moto("servicecatalog")
    for number in range(100):
        catalog.associate_principal_with_portfolio(
            PortfolioId=portfolio, PrincipalARN=f"{ROLE}{number}", PrincipalType="IAM"
        )
    one_more = {"PortfolioId": portfolio, "PrincipalARN": ROLE, "PrincipalType": "IAM"}
    assert refused(catalog, "AssociatePrincipalWithPortfolio", **one_more) == "LimitExceededException"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"PortfolioId": "port-unknown"}, "ResourceNotFoundException"),
        ({"PrincipalARN": "not-an-arn"}, "InvalidParametersException"),
        ({"PrincipalType": "ROLE"}, "InvalidParametersException"),
    ],
    ids=lambda value: str(value),
)
def test_malformed_associations_are_refused(moto, portfolio, wrong, code):
    parameters = {"PortfolioId": portfolio, "PrincipalARN": ROLE, "PrincipalType": "IAM"} | wrong
    assert refused(moto("servicecatalog"), "AssociatePrincipalWithPortfolio", **parameters) == code


def test_a_reset_forgets_the_portfolio(running, moto, portfolio):
    running.reset()
    assert call(moto("sagemaker"), "GetSagemakerServicecatalogPortfolioStatus") == {"Status": "Disabled"}


def test_roles_are_assumed_only_where_they_trust(moto, state):
    account = state["organization"]["accounts"]["staging"][0]
    sts = moto("sts")
    assert (
        refused(sts, "AssumeRole", RoleArn=f"arn:aws:iam::{account}:role/absent", RoleSessionName="test")
        == "AccessDenied"
    )
    trust = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "%s"}}]}'
    for name, principal in (("closed", account), ("open", state["account_id"])):
        moto("iam", account).create_role(RoleName=name, AssumeRolePolicyDocument=trust % principal)
    arn = f"arn:aws:iam::{account}:role/"
    assert refused(sts, "AssumeRole", RoleArn=arn + "closed", RoleSessionName="test") == "AccessDenied"
    assert call(sts, "AssumeRole", RoleArn=arn + "open", RoleSessionName="test")["Credentials"]["AccessKeyId"]


def test_an_update_of_a_model_package_keeps_what_it_does_not_name(moto):
    sagemaker = moto("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="group")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="group",
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"commit": "abc"},
        InferenceSpecification={"Containers": [{"Image": "image"}]},
    )["ModelPackageArn"]
    created = sagemaker.describe_model_package(ModelPackageName=arn)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    updated = sagemaker.describe_model_package(ModelPackageName=arn)
    assert updated["ModelApprovalStatus"] == "Approved"
    assert updated["CustomerMetadataProperties"] == {"commit": "abc"}
    assert updated["LastModifiedTime"] > created["CreationTime"]


def test_endpoints_are_switched_in_place_and_names_are_unique(moto):
    sagemaker, name = moto("sagemaker"), f"endpoint-{uuid.uuid4().hex[:6]}"
    variant = {"VariantName": "all", "ModelName": "model", "InstanceType": "ml.m7i.large", "InitialInstanceCount": 1}
    model = {"ModelName": "model", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "image"}}
    sagemaker.create_model(EnableNetworkIsolation=True, **model)
    assert sagemaker.describe_model(ModelName="model")["EnableNetworkIsolation"] is True
    assert refused(sagemaker, "CreateModel", **model) == "ValidationException"
    for config in ("one", "two"):
        sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="one")
    before = sagemaker.describe_endpoint(EndpointName=name)
    call(sagemaker, "UpdateEndpoint", EndpointName=name, EndpointConfigName="two")
    after = sagemaker.describe_endpoint(EndpointName=name)
    assert (after["EndpointConfigName"], after["CreationTime"]) == ("two", before["CreationTime"])
    assert refused(sagemaker, "UpdateEndpoint", EndpointName=name, EndpointConfigName="three") == "ValidationException"
    assert call(sagemaker, "ListTags", ResourceArn=after["EndpointArn"])["Tags"] == []
