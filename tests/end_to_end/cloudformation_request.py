"""CloudFormation's requests for custom resources, made by hand."""

from function_process import FunctionProcesses

HUB, HOME = "111111111111", "eu-west-1"
STACK = "tried/6f0a2f5e-0000-4000-8000-000000000000"


def custom_resource(resource: str, request_type: str, properties: dict, old: dict | None = None, region: str = HOME):
    """A request of CloudFormation for `Custom::<resource>`; the process fills in where the answer goes."""
    constant = {"ServiceToken": f"arn:aws:lambda:{region}:{HUB}:function:{resource}", "ServiceTimeout": "60"}
    event = {
        "RequestType": request_type,
        "ResponseURL": "http://127.0.0.1:9/",
        "StackId": f"arn:aws:cloudformation:{region}:{HUB}:stack/{STACK}",
        "RequestId": f"6f0a2f5e-0000-4000-8000-0000000000{len(request_type):02}",
        "ResourceType": f"Custom::{resource}",
        "LogicalResourceId": "Tried",
        **constant,
        "ResourceProperties": constant | properties,
    }
    return event if old is None else event | {"OldResourceProperties": constant | old}


def physical_id(processes: FunctionProcesses, resource: str, properties: dict, region: str = HOME) -> dict:
    """What a Create of the same resource answers as the id that later requests carry."""
    report = processes.run(resource, custom_resource(resource, "Create", properties, region=region), region)
    (answer,) = report["answers"]
    assert answer["Status"] == "SUCCESS", answer
    return {"PhysicalResourceId": answer["PhysicalResourceId"]}
