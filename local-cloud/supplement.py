"""Launches moto, the cloud of SageMaker, Service Catalog, Organizations, STS, Security Hub and stack sets.

What it lacks is added: an operation is one function set on its service's response class (`service_catalog.py`,
`studio.py`, `studio_apps.py`, `projects.py`, `sagemaker_tags.py`, `sagemaker_store.py`, `presigned_urls.py`). What it
answers wrongly is corrected in `access.py`, `endpoints.py`, `managed_keys.py`, `model_answers.py`, `sagemaker.py`,
`registry_users.py`, `security_hub.py`, `stacks.py` with `stack_resources.py`, `stack_notebooks.py`, `stack_roles.py`
and `stack_values.py`, and `stack_sets.py`. `rpc_v2_cbor.py` adds a protocol, `forwarding.py` the other emulator's roles
and keys, `cloudtrail.py` what is recorded of calls.
"""

import argparse
import json
import os
import signal
import sys

import access
import cloudtrail
import endpoints
import faults
import managed_keys
import model_answers
import population
import presigned_urls  # noqa: F401 - importing it adds its operations
import projects
import registry_users
import sagemaker
import sagemaker_members
import sagemaker_tags  # noqa: F401 - importing it adds its operations
import security_hub  # noqa: F401 - importing it adds its operations
import service_catalog  # noqa: F401 - importing it adds its operations
import stack_notebooks
import stack_resources
import stack_roles
import stack_set_views  # noqa: F401 - importing it adds its operations
import stack_sets
import stack_values
import stacks
import studio_apps  # noqa: F401 - importing it adds its operations, and those of studio.py
from forwarding import Forwarding
from moto.moto_api._internal.models import MotoAPIBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from rpc_v2_cbor import RpcV2Cbor
from werkzeug.serving import make_server

HOST = "127.0.0.1"


class Application:
    """moto's application, and beside it the addresses of the local cloud itself."""

    def __init__(self):
        moto = DomainDispatcherApplication(create_backend_app)
        self.moto = Forwarding(RpcV2Cbor(moto), os.environ["HUB_ENDPOINT_URL"])

    def __call__(self, environ, start_response):
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
        if path == "/local-cloud/health":
            return _answer(start_response, "200 OK", {"status": "ok"})
        settable = {
            faults.PATH: faults.replace,
            model_answers.PATH: model_answers.replace,
            sagemaker_members.PATH: sagemaker_members.replace,
        }
        if path in settable and method == "POST":
            wrong = settable[path](_body(environ))
            return _answer(start_response, *(("400 Bad Request", {"error": wrong}) if wrong else ("200 OK", {})))
        if (path, method) == (population.PATH, "POST"):
            made, wrong = population.fill(_body(environ))
            return _answer(start_response, *(("400 Bad Request", {"error": wrong}) if wrong else ("200 OK", made)))
        if (path, method) == (cloudtrail.PATH, "GET"):
            return _answer(start_response, "200 OK", {"Events": cloudtrail.recorded()})
        if path.startswith("/local-cloud/"):
            return _answer(start_response, "404 Not Found", {"error": f"{method} {path} is not known"})
        return self.moto(environ, start_response)


def install() -> None:
    """Adds and corrects; before the first request."""
    access.install()
    sagemaker.install()
    endpoints.install()
    managed_keys.install()
    model_answers.install()
    projects.install()
    registry_users.install()
    stack_resources.install()
    stack_notebooks.install()
    stack_roles.install()
    stack_values.install()
    stacks.install()
    stack_sets.install()
    faults.install()
    cloudtrail.install()
    empty = MotoAPIBackend.reset

    def reset(self) -> None:
        stack_sets.wait_for_operations()  # one that goes on would put resources into the emptied accounts
        faults.clear()
        model_answers.clear()
        cloudtrail.clear()
        empty(self)

    MotoAPIBackend.reset = reset


def _body(environ) -> bytes:
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _answer(start_response, status: str, body: dict):
    encoded = json.dumps(body).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(encoded)))])
    return [encoded]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the listening socket")
    parser.add_argument("--port", type=int, required=True, help="port of that socket")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    install()
    server = make_server(
        HOST, arguments.port, Application(), threaded=True, request_handler=MotoRequestHandler, fd=arguments.fd
    )
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
