"""SageMaker's presigned addresses: given to whoever asks for something that is there, and kept nowhere."""

import uuid

from sagemaker_kinds import KINDS
from sagemaker_store import seen as seen_in_store
from sagemaker_store import store_of
from service_model import Refused
from studio import profile_of, usable_domain
from studio_state import backend_of, operation

NOTEBOOK = next(kind for kind in KINDS if kind.noun == "NotebookInstance")


@operation("CreatePresignedDomainUrl")
def _of_domain(response, parameters) -> dict:
    backend = backend_of(response)
    domain_id = usable_domain(backend, parameters)
    profile_of(backend, parameters)
    return {"AuthorizedUrl": f"https://{domain_id}.studio.{response.region}.sagemaker.aws/auth?token={uuid.uuid4()}"}


@operation("CreatePresignedNotebookInstanceUrl")
def _of_notebook(response, parameters) -> dict:
    name = parameters["NotebookInstanceName"]
    notebook = seen_in_store(store_of(response), NOTEBOOK, name)
    if notebook.status != "InService":
        raise Refused("ValidationException", f"Notebook Instance {name} is {notebook.status}, not InService.")
    return {"AuthorizedUrl": f"https://{name}.notebook.{response.region}.sagemaker.aws?authToken={uuid.uuid4()}"}
