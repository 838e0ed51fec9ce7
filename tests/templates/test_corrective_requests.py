"""What the corrective function sends is what the service's model takes: no member that the API does not have."""

import json
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

REQUESTS = Path(__file__).resolve().parents[2] / "functions/corrective-controls/tests/requests.json"
SAGEMAKER = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))


def faults(operation, request):
    return ParamValidator().validate(request, SAGEMAKER.operation_model(operation).input_shape).generate_report()


def strangers(request, shape):
    """Members and values that the model does not have: botocore lets unknown enum values pass."""
    if shape.type_name == "structure":
        for name, value in request.items():
            if name not in shape.members:
                yield name
            else:
                yield from strangers(value, shape.members[name])
    elif shape.metadata.get("enum") and request not in shape.metadata["enum"]:
        yield request


@pytest.mark.parametrize("request_", json.loads(REQUESTS.read_text()), ids=lambda each: each["operation"])
def test_a_request_is_valid(request_):
    operation = request_["operation"].removeprefix("sagemaker:")
    shape = SAGEMAKER.operation_model(operation).input_shape
    assert not faults(operation, request_["input"])
    assert not list(strangers(request_["input"], shape))
    assert set(shape.required_members) <= set(request_["input"])


def test_direct_internet_access_cannot_be_updated():
    assert "Unknown parameter" in faults("UpdateNotebookInstance", {"NotebookInstanceName": "lab", "DirectInternetAccess": "Disabled"})
