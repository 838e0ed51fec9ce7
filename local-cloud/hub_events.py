"""Corrections to ministack's EventBridge: events of AWS's own services, policies of buses, and how targets are called.

As in AWS, nobody can put an event of a source `aws.*` on a bus: `POST /local-cloud/events` does what the services do,
and with the name of a rule what its schedule does.
"""

import json
import time

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
    set_request_account_id,
    set_request_region,
)
from ministack.services import eventbridge, lambda_svc
from ministack.services.cloudformation import provisioners

PATH = "/local-cloud/events"
POLICY = "AWS::Events::EventBusPolicy"


def install() -> None:
    eventbridge._dispatch_to_lambda = _invoke_asynchronously
    eventbridge._put_permission = _put_permission(eventbridge._put_permission)
    provisioners._RESOURCE_HANDLERS[POLICY] = {
        "create": _create_policy,
        "update": _update_policy,
        "delete": _delete_policy,
    }
    provisioners._REPLACING_PROPERTIES[POLICY] = ("EventBusName", "StatementId")


def with_events(app, account: str, region: str):
    """The application, and beside it the address at which AWS's services put their events on the buses of the hub."""

    async def application(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != PATH:
            return await app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        set_request_account_id(account)
        set_request_region(region)
        try:
            given = json.loads(body)
            rules = [_fire(given["Rule"])] if "Rule" in given else _put(given["EventBusName"], given["Event"])
            status, answer = 200, {"Rules": rules}
        except (ValueError, KeyError, TypeError) as error:
            expected = '{"EventBusName": ..., "Event": {...}} or {"Rule": ...}'
            status, answer = 400, {"error": f"expected {expected}: {error!r}"}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return application


def _put(bus: str, event: dict) -> list[str]:
    """Hands an event as it is to the targets of a bus's rules. Returns the names of the rules that matched."""
    if bus != "default" and bus not in eventbridge._event_buses:
        raise ValueError(f"there is no bus {bus}")
    record = {
        "EventId": event["id"],
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "EventBusName": bus,
        "Time": event["time"],
        "Resources": event["resources"],
        "Account": event["account"],
        "Region": event["region"],
    }
    view = eventbridge._pattern_event_view(record)
    matching = [
        rule["Name"]
        for rule in eventbridge._rules.values()
        if (rule["EventBusName"], rule["State"]) == (bus, "ENABLED")
        and rule.get("EventPattern")
        and eventbridge._matches_pattern_view(rule["EventPattern"], view)
    ]
    eventbridge._dispatch_event(record, view)
    return matching


def _fire(name: str) -> str:
    """Calls the targets of a rule as its schedule does, now. Returns the name of the rule."""
    rule = eventbridge._rules[eventbridge._rule_key(name, "default")]
    if rule["State"] != "ENABLED" or not rule["ScheduleExpression"]:
        raise ValueError(f"the rule {name} is not enabled or has no schedule")
    event = {
        "EventId": new_uuid(),
        "Source": "aws.events",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "EventBusName": "default",
        "Time": int(time.time()),
        "Resources": [rule["Arn"]],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    for target in eventbridge._targets[eventbridge._rule_key(name, "default")]:
        eventbridge._invoke_target(target, event, rule)
    return name


def _invoke_asynchronously(arn: str, payload: str) -> None:
    """EventBridge's calls are asynchronous: a function that fails is tried again, and then its destination is told."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        eventbridge.logger.warning("EventBridge: function %s not found", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))


def _put_permission(put):
    """A bus has to be there; and a whole policy can be put."""

    def put_permission(data):
        bus = data.get("EventBusName", "default")
        if bus != "default" and bus not in eventbridge._event_buses:
            message = f"Event bus {bus} does not exist."
            return error_response_json("ResourceNotFoundException", message, 400)
        if "Policy" not in data:
            return put(data)
        eventbridge._event_bus_policies[bus] = json.loads(data["Policy"])
        return json_response({})

    return put_permission


def _create_policy(logical_id: str, props: dict, stack_name: str) -> tuple[str, dict]:
    bus = _bus(props)
    if bus != "default" and bus not in eventbridge._event_buses:
        raise ValueError(f"Event bus {bus} does not exist.")
    statement = props.get("Statement") or {
        "Effect": "Allow",
        "Principal": props["Principal"],
        "Action": props["Action"],
        "Resource": eventbridge._event_buses[bus]["Arn"],
        **({"Condition": _condition(props["Condition"])} if "Condition" in props else {}),
    }
    statement = json.loads(statement) if isinstance(statement, str) else statement
    policy = eventbridge._event_bus_policies.setdefault(bus, {"Version": "2012-10-17", "Statement": []})
    others = [each for each in policy["Statement"] if each.get("Sid") != props["StatementId"]]
    policy["Statement"] = [*others, {"Sid": props["StatementId"], **statement}]
    return f"{bus}|{props['StatementId']}", {}


def _update_policy(physical_id: str, old: dict, new: dict, stack_name: str) -> tuple[str, dict]:
    return _create_policy("", new, stack_name)


def _delete_policy(physical_id: str, props: dict) -> None:
    bus, _, statement = physical_id.partition("|")
    eventbridge._remove_permission({"EventBusName": bus, "StatementId": statement})


def _bus(props: dict) -> str:
    return eventbridge._event_bus_name_from_ref(props.get("EventBusName", "default"))[0]


def _condition(given: dict) -> dict:
    return {given["Type"]: {given["Key"]: given["Value"]}}
