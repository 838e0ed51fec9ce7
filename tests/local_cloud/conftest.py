"""One local cloud for all tests of this folder, with a state directory of its own, emptied before each test."""

import sys
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "local-cloud"))

import accounts  # noqa: E402
from cloud import Cloud  # noqa: E402

HERE = Path(__file__).parent
REGION = "eu-west-1"


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.up()
    yield cloud
    cloud.down()


@pytest.fixture
def state(running):
    return running.reset()


@pytest.fixture
def moto(state):
    """Clients at moto: `moto("sagemaker")` as the hub, `moto("sagemaker", account_id)` in a target account."""
    return lambda service, account_id=None: accounts.client(service, state["moto"]["url"], account_id)


@pytest.fixture
def hub(state):
    """Clients of the hub account at ministack."""
    keys = {"aws_access_key_id": state["account_id"], "aws_secret_access_key": "local-cloud"}
    url = state["ministack"]["url"]
    return lambda service: boto3.client(
        service, endpoint_url=url, region_name=REGION, config=Config(proxies={}), **keys
    )


@pytest.fixture
def targets(state):
    """The four target accounts, in each of which stack sets may act."""
    organization = state["organization"]["accounts"]
    ids = organization["staging"] + organization["production"]
    accounts.create_roles(
        state["moto"]["url"], ids, HERE / "roles.yaml", "roles", {"HubAccountId": state["account_id"]}
    )
    return ids


def eventually(condition, seconds: float = 20.0):
    """The first true value of `condition()`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} seconds"
        time.sleep(0.05)
    return value


def as_parameters(**values: str) -> list[dict]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
