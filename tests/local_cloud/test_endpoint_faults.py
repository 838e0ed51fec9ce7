"""An endpoint whose update SageMaker accepts and takes back."""

import json
import urllib.error
import urllib.request

import pytest

INSTANCE = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


@pytest.fixture
def inject(state):
    def replace(*faults: dict) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = state["moto"]["url"] + "/local-cloud/faults"
        with opener.open(urllib.request.Request(url, data=json.dumps(faults).encode(), method="POST"), timeout=10):
            pass

    return replace


@pytest.fixture
def sagemaker(moto, targets):
    """SageMaker in the first target account, with an endpoint on configuration `one` and a configuration `two`."""
    sagemaker, role = moto("sagemaker", targets[0]), f"arn:aws:iam::{targets[0]}:role/model"
    for name in ("one", "two"):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{**INSTANCE, "ModelName": name}])
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="one")
    return sagemaker


def test_an_update_is_accepted_and_taken_back(sagemaker, targets, inject):
    def seen() -> tuple:
        described = sagemaker.describe_endpoint(EndpointName="churn")
        return described["EndpointStatus"], described["EndpointConfigName"], described.get("FailureReason")

    inject({"account": targets[0], "taken_back": True, "message": "an alarm went off", "times": 1})
    sagemaker.update_endpoint(EndpointName="churn", EndpointConfigName="two")
    assert seen() == ("InService", "one", "an alarm went off")
    sagemaker.update_endpoint(EndpointName="churn", EndpointConfigName="two")
    assert seen() == ("InService", "two", None)


def test_another_account_is_spared(sagemaker, targets, inject):
    inject({"account": targets[1], "taken_back": True})
    sagemaker.update_endpoint(EndpointName="churn", EndpointConfigName="two")
    assert sagemaker.describe_endpoint(EndpointName="churn")["EndpointConfigName"] == "two"


def test_a_fault_that_could_never_happen_is_refused(inject):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        inject({"account": "staging", "taken_back": True})
