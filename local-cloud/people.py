"""The people around a deployment: who is asked, what they are told, and how they answer and look with `mlops`."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from clients import Clients

SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What `mlops` ended with: its JSON document, or what it said of a failure."""

    code: int
    document: dict | None
    said: str


class Person:
    """Somebody at a terminal, with the real `mlops` and the rights of a role of the hub account."""

    def __init__(self, clients: Clients, program: Path, platform_name: str):
        self.clients, self.program, self.platform_name = clients, program, platform_name
        self.arn = clients.hub("sts").get_caller_identity()["Arn"]

    def mlops(self, *arguments: str) -> Answer:
        # The caller's own AWS configuration and proxies are for the world outside.
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith("AWS_") and "proxy" not in key.lower()
        }
        ended = subprocess.run(
            [str(self.program), "--platform", self.platform_name, "--output", "json", *arguments],
            env={**kept, **self.clients.state["client_environment"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        document = json.loads(ended.stdout) if ended.stdout.strip() else None
        return Answer(ended.returncode, document, ended.stderr.strip())


class Inbox:
    """A queue that takes what the approval topic publishes and what the default bus carries of deployments."""

    def __init__(self, clients: Clients, name: str):
        self.clients, self.name = clients, name
        self.sqs, self.events = clients.hub("sqs"), clients.hub("events")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.subscription: str | None = None
        self.received: list[dict] = []

    def subscribe(self, topic_arn: str) -> None:
        answer = self.clients.hub("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=self.arn)
        self.subscription = answer["SubscriptionArn"]

    def listen(self, pattern: dict) -> None:
        """A rule of the default bus, as somebody makes one who wants to know."""
        self.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": self.arn}])

    def close(self) -> None:
        if self.subscription:
            self.clients.hub("sns").unsubscribe(SubscriptionArn=self.subscription)
        if self.name in [each["Name"] for each in self.events.list_rules()["Rules"]]:
            self.events.remove_targets(Rule=self.name, Ids=["queue"])
            self.events.delete_rule(Name=self.name)
        self.sqs.delete_queue(QueueUrl=self.url)

    def messages(self) -> list[dict]:
        """Everything that came so far, oldest first."""
        while found := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for each in found:
                self.received.append(json.loads(each["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        return self.received

    def details(self, group: str) -> list[dict]:
        """What the bus's events said of deployments of a group, in order."""
        details = [each["detail"] for each in self.messages() if each.get("source") == "secure-mlops"]
        return [each for each in details if each["modelPackageGroupName"] == group]

    def states(self, group: str) -> list[str]:
        """The states that deployments of a group went through."""
        return [each["state"] for each in self.details(group)]


def until(condition, what: str, limit: float = 60.0):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {limit:.0f} seconds")
        time.sleep(0.1)
    return value
