"""Brings the events of SageMaker to the rules that wait for them, as CloudTrail and EventBridge do.

In AWS it happens by itself; here a test or the demo says when, so that events come when they are expected to, and late,
twice or in another order when that is what is tried. An event of a watched account takes the way of that account: a
rule of its default bus hands it to a bus of the hub, if the policy of that bus lets it.
"""

import fnmatch
import json
import urllib.request

import accounts
from clients import Clients

ON_HUB = "/local-cloud/events"
RECORDED = "/local-cloud/trail"


class Trail:
    """The calls of SageMaker in one local cloud."""

    def __init__(self, clients: Clients):
        self.clients, self.state = clients, clients.state
        self._brought: set[str] = set()

    def events(self) -> list[dict]:
        """What CloudTrail recorded of all calls that could change something, oldest first."""
        return _request(self.state["moto"]["url"] + RECORDED)["Events"]

    def bring(self) -> list[dict]:
        """Brings every event that it has not yet brought. Returns those."""
        new = [each for each in self.events() if each["id"] not in self._brought]
        for each in new:
            self.deliver(each)
            self._brought.add(each["id"])
        return new

    def deliver(self, event: dict) -> list[str]:
        """Brings one event, which need not be one of those recorded. Returns the rules of the hub that took it."""
        hub, region = self.state["account_id"], self.state["region"]
        if (event["account"], event["region"]) == (hub, region):
            return self._put("default", event)
        taken = []
        for bus, role in self._handed_on(event):
            if not self._lets_in(bus, event["account"], role):
                raise PermissionError(f"the policy of the bus {bus} does not let {role} put events")
            taken += self._put(bus, event)
        return taken

    def fire(self, rule: str) -> None:
        """Does now what the schedule of a rule of the hub does."""
        _request(self.state["ministack"]["url"] + ON_HUB, {"Rule": rule})

    def _put(self, bus: str, event: dict) -> list[str]:
        given = {"EventBusName": bus, "Event": event}
        return _request(self.state["ministack"]["url"] + ON_HUB, given)["Rules"]

    def _handed_on(self, event: dict) -> list[tuple[str, str]]:
        """The buses of the hub to which the rules of the event's own account hand it, and the roles that do."""
        account, region = event["account"], event["region"]
        own = None if account == self.state["account_id"] else account
        events, found = accounts.client("events", self.state["moto"]["url"], own, region), []
        for page in events.get_paginator("list_rules").paginate(EventBusName="default"):
            for rule in page["Rules"]:
                if rule["State"] != "ENABLED" or not self._matches(rule.get("EventPattern"), event):
                    continue
                for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                    _, _, service, there, of, name = target["Arn"].split(":", 5)
                    if (service, there, of) == ("events", self.state["region"], self.state["account_id"]):
                        found.append((name.partition("/")[2], target.get("RoleArn", "")))
        return found

    def _matches(self, pattern: str | None, event: dict) -> bool:
        asked = {"EventPattern": pattern, "Event": json.dumps(event)}
        return bool(pattern) and self.clients.hub("events").test_event_pattern(**asked)["Result"]

    def _lets_in(self, bus: str, account: str, role: str) -> bool:
        policy = self.clients.hub("events").describe_event_bus(Name=bus).get("Policy", '{"Statement": []}')
        known = {
            "aws:PrincipalAccount": account,
            "aws:PrincipalArn": role,
            "aws:PrincipalOrgID": self.state["organization"]["id"],
        }
        return any(_allows(each, account, known) for each in json.loads(policy)["Statement"])


def _allows(statement: dict, account: str, known: dict[str, str]) -> bool:
    principal = statement["Principal"]
    named = (
        ["*"] if principal == "*" else _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
    )
    if statement["Effect"] != "Allow" or "events:PutEvents" not in _listed(statement["Action"]):
        return False
    if not any(each in ("*", account) or f"::{account}:" in each for each in named):
        return False
    compare = {"StringEquals": str.__eq__, "ArnLike": fnmatch.fnmatchcase, "StringLike": fnmatch.fnmatchcase}
    return all(
        any(compare[operator](known[key], each) for each in _listed(wanted))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _request(url: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=data), timeout=30) as answer:
        return json.load(answer)
