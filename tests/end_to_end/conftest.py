"""One local cloud for all tests of this folder, in a state directory of its own, with one platform deployed on it."""

import os
import sys
from itertools import count
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "local-cloud"))

import function_process  # noqa: E402
from clients import Clients  # noqa: E402
from cloud import Cloud  # noqa: E402
from deployed_platform import STAGES, Platform, own_architecture  # noqa: E402
from model_registry import Registry  # noqa: E402
from people import Inbox, Person  # noqa: E402
from watched_platform import before, elsewhere, hub, judged, network, swept, targets, watched  # noqa: E402, F401

# Five hundred times as fast: a minute between two looks is a tenth of a second, an hour for an answer seven.
os.environ["SFN_WAIT_SCALE"] = "0.002"
_numbers = count(1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.up()
    yield cloud
    cloud.down()


@pytest.fixture(scope="session")
def clients(cloud):
    return Clients(cloud.running())


@pytest.fixture(scope="session")
def registry(clients):
    registry = Registry(clients)
    registry.open_bucket()
    return registry


@pytest.fixture(scope="session")
def mlops():
    return function_process.build("mlops")


@pytest.fixture(scope="session")
def scientist(registry, platform, mlops):
    """Who registered every version."""
    return Person(registry.scientist, mlops, platform.name)


@pytest.fixture(scope="session")
def approver(registry, platform, mlops):
    """Who approves them, in the registry and before stages."""
    return Person(registry.approver, mlops, platform.name)


@pytest.fixture(scope="session")
def inbox(clients, platform):
    """Everything that is published about deployments."""
    inbox = Inbox(clients, "deployment-events")
    inbox.listen({"source": ["secure-mlops"], "detail-type": ["Model Deployment State Change"]})
    inbox.subscribe(platform.outputs()["DeploymentApprovalsTopicArn"])
    yield inbox
    inbox.close()


@pytest.fixture
def inject(clients):
    """Replaces the faults of the target accounts; there are none any more when the test ends."""
    yield clients.inject
    clients.inject()


@pytest.fixture(scope="session")
def new_platform(clients):
    """Makes a platform of a name, admitted to all four target accounts but not yet deployed."""

    def make(name: str) -> Platform:
        platform = Platform(clients, own_architecture(), name)
        platform.admit([account_id for stage in STAGES for account_id in platform.organization["accounts"][stage]])
        return platform

    return make


@pytest.fixture(scope="session")
def units(clients):
    return ",".join(clients.state["organization"]["units"][stage] for stage in STAGES)


@pytest.fixture(scope="session")
def platform(clients, new_platform, units):
    """The platform that tests share, deployed."""
    platform = new_platform("secure-mlops")
    role = f"arn:aws:iam::{clients.state['account_id']}:role/studio/data-scientist"
    platform.deploy(ExecutionRoleArns=role, OrganizationalUnitIds=units)
    return platform


@pytest.fixture
def group():
    """The name of a model package group that no other test uses."""
    return f"group-{next(_numbers)}"
