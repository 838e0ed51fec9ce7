"""A function of the runtime interface alone: answers custom resources as told, and dies when told."""

import json
import os
import time
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
MARKER = os.path.join(os.environ["TMPDIR"], "died-once")


def send(url: str, value: object, method: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(value).encode(), method=method)).close()


def answer_custom_resource(event: dict) -> None:
    mode = event["ResourceProperties"]["Mode"] if event["RequestType"] != "Delete" else "succeed"
    if mode == "die-once" and not os.path.exists(MARKER):
        open(MARKER, "w").close()
        os._exit(1)
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "tried/1", "Data": {"Answer": "42"}}
    if mode == "fail":
        answer |= {"Status": "FAILED", "Reason": "told to fail"}
    elif mode == "too-long":
        answer["Data"] = {"Answer": "x" * 4096}
    elif mode == "no-id":
        del answer["PhysicalResourceId"]
    send(event["ResponseURL"], answer, "PUT")


def handle(event: dict) -> object:
    if "ResponseURL" in event:
        answer_custom_resource(event)
    elif event.get("do") == "die":
        os._exit(1)
    elif event.get("do") == "wait":
        time.sleep(1)
        return {"waited": True}
    return dict(os.environ) | {"pid": os.getpid()}


while True:
    with urllib.request.urlopen(API + "next") as response:
        event, request_id = json.load(response), response.headers["Lambda-Runtime-Aws-Request-Id"]
    if "ResponseURL" in event:
        print(json.dumps({key: value for key, value in event.items() if key != "ResponseURL"}), flush=True)
    send(f"{API}{request_id}/response", handle(event), "POST")
