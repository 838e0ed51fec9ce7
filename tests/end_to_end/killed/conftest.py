"""A cloud without a platform, in which functions run as single processes."""

import function_process
import pytest
from clients import Clients
from cloud import Cloud
from function_process import FunctionProcesses
from model_registry import Registry


@pytest.fixture(scope="package")
def quiet_cloud(tmp_path_factory):
    """A local cloud without a platform: nothing else answers or changes anything."""
    cloud = Cloud(tmp_path_factory.mktemp("quiet-cloud"))
    cloud.up()
    yield cloud.running()
    cloud.down()


@pytest.fixture(scope="package")
def clients(quiet_cloud):
    return Clients(quiet_cloud)


@pytest.fixture(scope="package")
def processes(quiet_cloud, tmp_path_factory):
    return FunctionProcesses(quiet_cloud, tmp_path_factory.mktemp("events"), function_process.build())


@pytest.fixture(scope="package")
def registry(clients):
    registry = Registry(clients)
    registry.open_bucket()
    return registry
