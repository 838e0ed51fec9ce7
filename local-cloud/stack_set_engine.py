"""Stack sets with real effects: what an operation does in each account, and what is then known of it.

Operations run in the background, one at a time per stack set, as in AWS; moto's own neither update nor fail.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

import access
import faults
import stacks
from moto.cloudformation.models import Stack, cloudformation_backends
from moto.cloudformation.utils import generate_stack_id
from service_model import Refused

CANCELLED = "Cancelled since failure tolerance has exceeded"
_running: set[threading.Thread] = set()
# moto's accounts are dictionaries that one thread cannot change while another looks through them.
_accounts: dict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass
class Instance:
    """A stack of a stack set in one account and region. `stack_id` is None until the stack could be made once."""

    account: str
    region: str
    unit: str | None
    overrides: dict[str, str]
    stack_id: str | None = None
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str | None = None
    last_operation: str | None = None


@dataclass
class Operation:
    identifier: str
    action: str
    preferences: dict
    retain: bool = False
    status: str = "RUNNING"
    reason: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    ended: datetime | None = None
    results: list[dict] = field(default_factory=list)


@dataclass
class StackSet:
    identifier: str
    arn: str
    name: str
    account: str
    template: str
    parameters: dict[str, str]
    tags: dict[str, str]
    description: str | None
    capabilities: list[str]
    permission_model: str
    administration_role: str | None
    execution_role: str
    auto_deployment: dict | None
    token: str | None = None
    status: str = "ACTIVE"
    instances: dict[tuple[str, str], Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        return any(operation.status == "RUNNING" for operation in self.operations.values())


def start(stack_set: StackSet, operation: Operation, instances: list[Instance]) -> None:
    """Starts the operation on `instances`; the caller has made sure that no other runs."""
    stack_set.operations[operation.identifier] = operation
    for instance in instances:
        instance.last_operation, instance.detailed_status, instance.reason = operation.identifier, "PENDING", None
        operation.results.append(
            {"Account": instance.account, "Region": instance.region, "Status": "PENDING"}
            | ({"OrganizationalUnitId": instance.unit} if instance.unit else {})
        )
    act = _delete if operation.action == "DELETE" else _deploy
    thread = threading.Thread(target=_run, args=(stack_set, operation, instances, act), daemon=True)
    _running.add(thread)
    thread.start()


def wait_for_operations(seconds: float = 30.0) -> None:
    for thread in list(_running):
        thread.join(seconds)


def _run(stack_set: StackSet, operation: Operation, instances: list[Instance], act: Callable) -> None:
    try:
        results = dict(zip(((each.account, each.region) for each in instances), operation.results, strict=True))
        stopped = False
        for region in sorted({instance.region for instance in instances}, key=_position(operation.preferences)):
            here = [instance for instance in instances if instance.region == region]
            tolerated, at_once = _limits(operation.preferences, len(here))
            failed = 0
            while here and not stopped and operation.status == "RUNNING":
                batch, here = here[:at_once], here[at_once:]
                for instance in batch:
                    failed += not _try(stack_set, operation, instance, results[(instance.account, region)], act)
                stopped = failed > tolerated
            for instance in here:
                _settle(instance, results[(instance.account, region)], "CANCELLED", CANCELLED)
        _finish(operation, "FAILED" if stopped else "SUCCEEDED")
    except Exception as error:  # a fault of this emulator must not look like an operation that never ends
        _finish(operation, "FAILED", f"the local cloud failed: {error!r}")
        raise
    finally:
        _running.discard(threading.current_thread())


def _finish(operation: Operation, status: str, reason: str | None = None) -> None:
    if operation.status == "RUNNING":
        operation.status = status
    operation.reason, operation.ended = reason, datetime.now(timezone.utc)


def _try(stack_set: StackSet, operation: Operation, instance: Instance, result: dict, act: Callable) -> bool:
    result["Status"] = instance.detailed_status = "RUNNING"
    try:
        fault = faults.of_stack_instance(instance.account)
        if fault:
            raise Refused(fault.error, fault.message)
        _check_execution_role(stack_set, instance)
        with _accounts[instance.account]:
            act(stack_set, operation, instance)
    except Exception as error:
        _settle(instance, result, "FAILED", getattr(error, "message", None) or repr(error))
        return False
    _settle(instance, result, "SUCCEEDED", None)
    return True


def _settle(instance: Instance, result: dict, status: str, reason: str | None) -> None:
    # The instance first: who sees the result settled may look at the instance next.
    instance.detailed_status, instance.reason = status, reason
    instance.status = "CURRENT" if status == "SUCCEEDED" else "OUTDATED"
    if reason:
        result["StatusReason"] = reason
    result["AccountGateResult"] = {
        "Status": "SKIPPED",
        "StatusReason": f"Function not found: arn:aws:lambda:{instance.region}:{instance.account}:"
        "function:AWSCloudFormationStackSetAccountGate",
    }
    result["Status"] = status


def _check_execution_role(stack_set: StackSet, instance: Instance) -> None:
    if stack_set.permission_model != "SELF_MANAGED" or instance.account == stack_set.account:
        return  # the hub's own roles live in the other emulator
    administrator = stack_set.administration_role or "AWSCloudFormationStackSetAdministrationRole"
    if not access.trusted(instance.account, stack_set.execution_role, stack_set.account):
        raise Refused(
            "ValidationError",
            f"Account {instance.account} should have '{stack_set.execution_role}' role with trust relationship to "
            f"Role '{administrator.rpartition('/')[2]}'.",
        )


def _deploy(stack_set: StackSet, operation: Operation, instance: Instance) -> None:
    backend = cloudformation_backends[instance.account][instance.region]
    parameters = {**stack_set.parameters, **instance.overrides}
    stack = backend.stacks.get(instance.stack_id) if instance.stack_id else None
    if stack is not None and stack.status != "ROLLBACK_COMPLETE":
        if stack.template != stack_set.template or stack.parameters != parameters:
            stacks.update(stack, stack_set.template, parameters)
        return
    if stack is not None:
        backend.delete_stack(stack.stack_id)  # what failed to be created is made anew
    name = f"StackSet-{stack_set.identifier.replace(':', '-')}"
    try:
        made = backend.create_stack(name, stack_set.template, parameters, tags=dict(stack_set.tags))
        instance.stack_id = made.stack_id
    except Exception:
        instance.stack_id = _after_failed_creation(backend.stacks.values(), name)
        raise


def _after_failed_creation(found, name: str) -> str | None:
    stack: Stack | None = next((each for each in list(found) if each.name == name), None)
    if stack is None:
        return None
    stacks.roll_back_creation(stack)
    return stack.stack_id


def _delete(stack_set: StackSet, operation: Operation, instance: Instance) -> None:
    backend = cloudformation_backends[instance.account][instance.region]
    stack = backend.stacks.get(instance.stack_id)
    if stack is not None and not operation.retain:
        try:
            backend.delete_stack(stack.stack_id)
        except Exception:
            backend.stacks[stack.stack_id] = stack  # moto forgets it first; in AWS it stays, and the next try finds it
            stack.status = "DELETE_FAILED"
            raise
    stack_set.instances.pop((instance.account, instance.region), None)


def _limits(preferences: dict, accounts: int) -> tuple[int, int]:
    """How many accounts of a region may fail, and how many are worked on at once."""
    tolerated = preferences.get(
        "FailureToleranceCount", accounts * preferences.get("FailureTolerancePercentage", 0) // 100
    )
    at_once = preferences.get("MaxConcurrentCount", accounts * preferences.get("MaxConcurrentPercentage", 0) // 100)
    if preferences.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE":
        at_once = min(at_once, tolerated + 1)
    return tolerated, max(at_once, 1)


def _position(preferences: dict) -> Callable[[str], tuple]:
    order = preferences.get("RegionOrder", [])
    return lambda region: (order.index(region) if region in order else len(order), region)


def planned_stack_id(stack_set: StackSet, instance: Instance) -> str:
    """The stack id that is shown for an instance: the real one, or a name for what could not be made."""
    name = f"StackSet-{stack_set.identifier.replace(':', '-')}"
    return instance.stack_id or generate_stack_id(name, instance.region, instance.account)
