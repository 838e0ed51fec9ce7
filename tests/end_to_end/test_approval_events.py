"""Events of the registry that are not as they should be: answered or kept, said in the log, tried at most twice."""

import json
import time

import pytest
from botocore.exceptions import ClientError

OTHERS = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/1"


def eventually(condition, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} seconds"
        time.sleep(0.1)
    return value


def invocations(platform) -> int:
    return sum(line.get("message", "").startswith("START RequestId") for line in platform.log("model-approval"))


@pytest.fixture
def version(registry, group):
    return registry.create_group(group, versions=1)[0]


@pytest.fixture
def broken(registry, version):
    """Events that cannot be understood, and what the log must say of each."""
    lacks_status = json.loads(registry.event(version, ModelApprovalStatus=None))
    lacks_everything = json.loads(registry.event(version, ModelPackageArn=None, ModelApprovalStatus=None))
    return {
        "a list": ("detail.ModelPackageArn is missing", ["x"]),
        "a text": ("detail.ModelPackageArn is missing", "approved"),
        "no status": ("detail.ModelApprovalStatus is missing", lacks_status),
        "nothing": ("detail.ModelPackageArn is missing; detail.ModelApprovalStatus is missing", lacks_everything),
        "another account": (
            "names account 222222222222: only packages of account 111111111111",
            json.loads(registry.event(version, ModelPackageArn=OTHERS)),
        ),
        "not an ARN": (
            'detail.ModelPackageArn is "churn/1"',
            json.loads(registry.event(version, ModelPackageArn="churn/1")),
        ),
    }


def test_events_that_cannot_be_understood_are_kept_and_tried_at_most_twice(platform, broken):
    before = invocations(platform)
    for _, event in broken.values():
        platform.hand_over(json.dumps(event).encode())

    kept = eventually(lambda: len(found := platform.failed_events()) >= len(broken) and found)
    assert sorted(json.dumps(each["requestPayload"]) for each in kept) == sorted(
        json.dumps(event) for _, event in broken.values()
    )
    errors = [line["error"] for line in platform.log("model-approval") if "error" in line]
    for name, (said, _) in broken.items():
        assert any(said in error for error in errors), f"{name}: {errors}"
    time.sleep(2)  # a third try would come by now
    assert invocations(platform) - before == 2 * len(broken)
    platform.clients.hub("sqs").purge_queue(QueueUrl=platform.outputs()["FailedEventsUrl"])


def test_what_is_not_json_is_refused_by_lambda(platform):
    before = invocations(platform)
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        platform.hand_over(b'{"detail": ')
    assert invocations(platform) == before


def test_an_event_with_a_repeated_key_is_decided(platform, registry, version):
    event = registry.event(version, ModelApprovalStatus="Approved")
    assert event.count(b'"ModelPackageStatus"') == 2
    assert platform.deliver(event)
    assert platform.decided(event, 1) == ["notRegistered"]


def test_the_rule_lets_only_decisions_of_the_registry_through(platform, registry, version):
    assert not platform.deliver(registry.event(version))
    assert platform.deliver(registry.event(version, ModelApprovalStatus="Rejected"))
    another_source = json.loads(registry.event(version, ModelApprovalStatus="Approved")) | {"source": "someone.else"}
    assert not platform.deliver(json.dumps(another_source).encode())
