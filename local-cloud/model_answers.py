"""What the models behind moto's endpoints answer: by endpoint, as tests set it.

moto answers for endpoints that do not exist, and the same everywhere. Here an endpoint answers in the account that
called and if it is in service: at once or, if it is asynchronous, into the bucket that its configuration names.
"""

import json
import os
import re
import threading
import time
import uuid
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from injected import Injected
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

PATH = "/local-cloud/model-answers"


@dataclass
class Answer:
    """What the endpoints of one account ("*": of every one) answer whose names begin with `endpoint`.

    `status` is that of the model's container: one that is not 200 reaches the caller as SageMaker's ModelError, and an
    asynchronous caller as an object in the failure path. `delay_ms` is how long the model takes.
    """

    account: str = "*"
    endpoint: str = ""
    status: int = 200
    content_type: str = "text/csv; charset=utf-8"
    body: str = "0.5\n"
    delay_ms: int = 0

    def problem(self) -> str | None:
        """Why no endpoint could answer so, if that is so."""
        if not re.fullmatch(r"\d{12}|\*", str(self.account)):
            return f"account: {self.account!r} is not an account id of 12 digits or '*'"
        if not 100 <= self.status <= 599 or not 0 <= self.delay_ms <= 60_000:
            found = f"{self.status} and {self.delay_ms}"
            return f"expected a status from 100 to 599 and a delay_ms up to 60000, found {found}"
        return None


_answers = Injected(Answer, "answers")
clear, replace = _answers.clear, _answers.replace


class _Refusal(Exception):
    """SageMaker's own."""

    def __init__(self, status: int, code: str, message: str, **details):
        super().__init__(message)
        # moto takes the status from the headers.
        headers = {"x-amzn-ErrorType": code, "status": status}
        self.reply = status, headers, json.dumps({"Message": message, **details})


def install() -> None:
    SageMakerRuntimeResponse.invoke_endpoint = _told(_invoke)
    SageMakerRuntimeResponse.invoke_endpoint_async = _told(_invoke_async)


def _told(handle):
    def handler(self):
        try:
            return handle(self)
        except _Refusal as refusal:
            return refusal.reply

    return handler


def _invoke(response) -> tuple[int, dict, str]:
    endpoint, output = _endpoint(response)
    if output is not None:
        raise _refused("InvokeEndpointAsync is for asynchronous endpoints, and InvokeEndpoint for all others.")
    answer = _answer_of(response.current_account, endpoint.endpoint_name)
    time.sleep(answer.delay_ms / 1000)
    if answer.status != 200:
        raise _model_error(response, endpoint.endpoint_name, answer)
    variant = endpoint.production_variants[0]["VariantName"]
    return 200, {"Content-Type": answer.content_type, "x-Amzn-Invoked-Production-Variant": variant}, answer.body


def _invoke_async(response) -> tuple[int, dict, str]:
    endpoint, output = _endpoint(response)
    if output is None:
        raise _refused("InvokeEndpointAsync is for asynchronous endpoints, and InvokeEndpoint for all others.")
    sample = response.headers.get("X-Amzn-SageMaker-InputLocation", "")
    if not re.fullmatch(r"s3://[^/]+/.+", sample):
        raise _refused(f"InputLocation {sample!r} is no address of an object.")
    identifier, name = str(uuid.uuid4()), endpoint.endpoint_name
    locations = {"output": f"{output['S3OutputPath'].rstrip('/')}/{identifier}.out"}
    headers = {"X-Amzn-SageMaker-OutputLocation": locations["output"], "status": 202}
    if failure := output.get("S3FailurePath"):
        locations["failure"] = f"{failure.rstrip('/')}/{name}/{identifier}-error.out"
        headers["X-Amzn-SageMaker-FailureLocation"] = locations["failure"]
    answer = _answer_of(response.current_account, name)
    work = threading.Timer(answer.delay_ms / 1000, _work_off, (sample, answer, locations))
    work.daemon = True
    work.start()
    inference = response.headers.get("X-Amzn-SageMaker-Inference-Id") or identifier
    return 202, headers, json.dumps({"InferenceId": inference})


def _work_off(sample: str, answer: Answer, locations: dict[str, str]) -> None:
    """Reads the sample and writes the answer, as the endpoint does. The buckets are the other emulator's."""
    s3 = boto3.client(
        "s3", endpoint_url=os.environ["HUB_ENDPOINT_URL"], config=Config(s3={"addressing_style": "path"}, proxies={})
    )
    place, body = locations["output"], answer.body
    try:
        s3.get_object(**_object(sample))
    except ClientError as error:
        place, body = locations.get("failure"), str(error)
    else:
        if answer.status != 200:
            place = locations.get("failure")
    if place is not None:
        s3.put_object(**_object(place), Body=body.encode(), ContentType=answer.content_type)


def _object(address: str) -> dict[str, str]:
    bucket, key = address.removeprefix("s3://").split("/", 1)
    return {"Bucket": bucket, "Key": key}


def _endpoint(response):
    """The endpoint, and where its answers go if it is asynchronous."""
    name = response.path.split("/")[2]
    backend = sagemaker_backends[response.current_account][response.region]
    endpoint = backend.endpoints.get(name)
    if endpoint is None or endpoint.endpoint_status != "InService":
        raise _refused(f"Endpoint {name} of account {response.current_account} not found.")
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    asynchronous = getattr(config, "given", {}).get("AsyncInferenceConfig")
    return endpoint, asynchronous and asynchronous["OutputConfig"]


def _answer_of(account: str, endpoint: str) -> Answer:
    with _answers.held() as answers:
        for answer in answers:
            if answer.account in ("*", account) and endpoint.startswith(answer.endpoint):
                return answer
    return Answer()


def _refused(message: str) -> _Refusal:
    return _Refusal(400, "ValidationError", message)


def _model_error(response, endpoint: str, answer: Answer) -> _Refusal:
    group, side = f"/aws/sagemaker/Endpoints/{endpoint}", "client" if answer.status < 500 else "server"
    return _Refusal(
        424,
        "ModelError",
        f'Received {side} error ({answer.status}) from primary with message "{answer.body}".',
        OriginalStatusCode=answer.status,
        OriginalMessage=answer.body,
        LogStreamArn=f"arn:aws:logs:{response.region}:{response.current_account}:log-group:{group}",
    )
