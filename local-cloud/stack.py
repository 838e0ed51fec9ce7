"""Stacks by CloudFormation's API: created, deleted, waited for, and what their events say went wrong."""

import time
from dataclasses import dataclass

from botocore.exceptions import ClientError

LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.1


class StackFailed(Exception):
    """A stack did not end as it should; the message holds what its events say."""


@dataclass(frozen=True)
class Stack:
    """A stack as it is when nothing of it is in progress."""

    identifier: str
    status: str
    outputs: dict[str, str]


def create(cloudformation, name: str, template: str, **parameters: str) -> Stack:
    """Creates a stack and waits; it may have failed."""
    identifier = cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )["StackId"]
    return settled(cloudformation, identifier)


def delete(cloudformation, name: str) -> None:
    """Deletes a stack and waits until it is gone; one that does not exist is gone already."""
    before = settled(cloudformation, name)
    if before.status == "DELETE_COMPLETE":
        return
    cloudformation.delete_stack(StackName=before.identifier)
    after = settled(cloudformation, before.identifier)
    if after.status != "DELETE_COMPLETE":
        reasons = "; ".join(failures(cloudformation, before.identifier)) or "no reason given"
        raise StackFailed(f"stack {name} was not deleted but is {after.status}: {reasons}")


def settled(cloudformation, name: str, limit: float = LIMIT_SECONDS) -> Stack:
    """The stack once nothing of it is in progress; DELETE_COMPLETE if it does not exist."""
    deadline = time.monotonic() + limit
    while True:
        try:
            found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            return Stack(name, "DELETE_COMPLETE", {})
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
            return Stack(found["StackId"], found["StackStatus"], outputs)
        if time.monotonic() > deadline:
            raise StackFailed(f"stack {name} is still {found['StackStatus']} after {limit:.0f} seconds")
        time.sleep(POLL_SECONDS)


def failures(cloudformation, name: str) -> list[str]:
    """Resource and reason of every failure among the stack's events, oldest first."""
    events = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    found = [each for page in events for each in page["StackEvents"] if each["ResourceStatus"].endswith("FAILED")]
    return [
        f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', 'no reason given')}" for each in found[::-1]
    ]
