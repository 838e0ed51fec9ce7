"""Answers CloudFormation, as the response module that Lambda offers to inline functions does."""

import json

import urllib3

HTTP = urllib3.PoolManager()


def send(event, context, status, physical_id, data=None, reason=None):
    body = json.dumps(
        {
            "Status": status,
            "Reason": reason or f"See the log stream {context.log_stream_name}",
            "PhysicalResourceId": physical_id,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "Data": data or {},
        }
    ).encode()
    HTTP.request("PUT", event["ResponseURL"], headers={"content-type": ""}, body=body)


def custom_resource(handle):
    """Wraps `handle(event) -> data` so that success and failure are both answered."""

    def handler(event, context):
        physical_id = event.get("PhysicalResourceId") or f"{event['StackId']}/{event['LogicalResourceId']}"
        try:
            send(event, context, "SUCCESS", physical_id, handle(event))
        except Exception as error:
            send(event, context, "FAILED", physical_id, reason=str(error))
            raise

    return handler
