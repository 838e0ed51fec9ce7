"""What the models of the local cloud answer, and whom SageMaker refuses."""

import json
import time
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import eventually

VARIANT = {"VariantName": "AllTraffic", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
OUTPUT = {"S3OutputPath": "s3://answers/out", "S3FailurePath": "s3://answers/failed"}


@pytest.fixture
def account(state, moto):
    """A target account with a real-time endpoint and an asynchronous one."""
    account = state["organization"]["accounts"]["staging"][0]
    sagemaker = moto("sagemaker", account)
    sagemaker.create_model(
        ModelName="m", ExecutionRoleArn=f"arn:aws:iam::{account}:role/model", PrimaryContainer={"Image": "image"}
    )
    for name, more in (("churn", {}), ("churn-queue", {"AsyncInferenceConfig": {"OutputConfig": OUTPUT}})):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[VARIANT], **more)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return account


@pytest.fixture
def answers(state):
    """Sets what endpoints answer; returns what is wrong with it."""

    def put(*wanted: dict) -> str | None:
        url = f"{state['moto']['url']}/local-cloud/model-answers"
        request = urllib.request.Request(url, json.dumps(wanted).encode(), method="POST")
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
                return None
        except urllib.error.HTTPError as error:
            return json.load(error)["error"]

    return put


def invoke(runtime, name: str = "churn") -> tuple[str, str]:
    reply = runtime.invoke_endpoint(EndpointName=name, Body=b"1,2", ContentType="text/csv")
    return reply["ContentType"], reply["Body"].read().decode()


def refusal(call) -> dict:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response


def test_an_endpoint_answers_in_its_own_account_while_it_is_there(moto, account, state):
    assert invoke(moto("sagemaker-runtime", account)) == ("text/csv; charset=utf-8", "0.5\n")
    other = state["organization"]["accounts"]["staging"][1]
    for caller, name in ((other, "churn"), (account, "other")):
        refused = refusal(lambda: invoke(moto("sagemaker-runtime", caller), name))
        message = f"Endpoint {name} of account {caller} not found."
        assert (refused["Error"]["Code"], refused["Error"]["Message"]) == ("ValidationError", message)
    moto("sagemaker", account).delete_endpoint(EndpointName="churn")
    assert refusal(lambda: invoke(moto("sagemaker-runtime", account)))["Error"]["Code"] == "ValidationError"


def test_answers_are_set_by_account_and_endpoint(moto, account, answers, state):
    other = state["organization"]["accounts"]["staging"][1]
    own = {"account": account, "endpoint": "chu", "body": '{"p": 1}', "content_type": "application/json"}
    assert answers({"account": other, "body": "other"}, own | {"delay_ms": 200}) is None
    started = time.monotonic()
    assert invoke(moto("sagemaker-runtime", account)) == ("application/json", '{"p": 1}')
    assert time.monotonic() - started >= 0.2
    answers({"status": 503, "body": "no memory"})
    refused = refusal(lambda: invoke(moto("sagemaker-runtime", account)))
    assert (refused["Error"]["Code"], refused["OriginalStatusCode"]) == ("ModelError", 503)
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_what_no_endpoint_could_answer_is_refused(answers, state):
    assert answers({"account": "1"}) == "account: '1' is not an account id of 12 digits or '*'"
    assert answers({"text": "x"}).startswith("unknown: text; known: account, ")
    assert answers({"status": 1}).startswith("expected a status from 100 to 599")


def test_an_asynchronous_endpoint_answers_into_its_bucket(moto, hub, account, answers):
    s3, runtime = hub("s3"), moto("sagemaker-runtime", account)
    for bucket in ("samples", "answers"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="samples", Key="churn.csv", Body=b"1,2")

    def ask(key: str) -> dict:
        return runtime.invoke_endpoint_async(
            EndpointName="churn-queue", InputLocation=f"s3://samples/{key}", ContentType="text/csv", InferenceId="one"
        )

    def written(address: str) -> bytes | None:
        bucket, key = address.removeprefix("s3://").split("/", 1)
        try:
            return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError:
            return None

    asked = ask("churn.csv")
    assert asked["InferenceId"] == "one"
    assert asked["OutputLocation"].startswith("s3://answers/out/")
    assert eventually(lambda: written(asked["OutputLocation"])) == b"0.5\n"
    assert written(asked["FailureLocation"]) is None
    answers({"status": 500, "body": "no memory"})
    failed = ask("churn.csv")
    assert eventually(lambda: written(failed["FailureLocation"])) == b"no memory"
    assert written(failed["OutputLocation"]) is None
    answers()
    assert b"NoSuchKey" in eventually(lambda location=ask("missing")["FailureLocation"]: written(location))


def test_each_kind_of_endpoint_is_asked_in_its_own_way(moto, account):
    runtime = moto("sagemaker-runtime", account)
    assert refusal(lambda: invoke(runtime, "churn-queue"))["Error"]["Code"] == "ValidationError"
    ask = {"EndpointName": "churn", "InputLocation": "s3://samples/churn.csv"}
    assert refusal(lambda: runtime.invoke_endpoint_async(**ask))["Error"]["Code"] == "ValidationError"
