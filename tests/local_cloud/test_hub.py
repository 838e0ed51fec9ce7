import io
import json
import subprocess
import sys
import zipfile

import processes
import pytest
import stack
from cloud import Cloud
from conftest import HERE, REGION, eventually

TEMPLATE = (HERE / "hub.yaml").read_text()


@pytest.fixture
def deploy(hub):
    """Deploys a stack of one function and one custom resource; returns its end status and outputs."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, f"#!{sys.executable}\n" + (HERE / "bootstrap.py").read_text())
    hub("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    hub("s3").put_object(Bucket="code", Key="function.zip", Body=archive.getvalue())
    hub("s3").put_object(Bucket="code", Key="machine.asl.yaml", Body=(HERE / "machine.asl.yaml").read_bytes())
    api = hub("cloudformation")

    def create(**parameters: str) -> tuple[str, dict[str, str]]:
        api.create_stack(
            StackName="tried",
            TemplateBody=TEMPLATE,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        describe = lambda: api.describe_stacks(StackName="tried")["Stacks"][0]  # noqa: E731
        stack = eventually(lambda: not (found := describe())["StackStatus"].endswith("IN_PROGRESS") and found)
        return stack["StackStatus"], {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    return create


def requests(hub) -> list[dict]:
    """What CloudFormation asked of the function, by the function's own log."""
    logs, found = hub("logs"), []
    for stream in logs.describe_log_streams(logGroupName="/tried/function")["logStreams"]:
        events = logs.get_log_events(logGroupName="/tried/function", logStreamName=stream["logStreamName"])["events"]
        found += [
            (each["timestamp"], json.loads(each["message"])) for each in events if each["message"].startswith("{")
        ]
    return [message for _, message in sorted(found, key=lambda pair: pair[0])]


def test_functions_see_both_emulators_and_nothing_of_the_machine(deploy, hub, state):
    _, outputs = deploy()
    answer = hub("lambda").invoke(FunctionName=outputs["FunctionName"], Payload=b'{"do": "environment"}')
    seen = json.loads(answer["Payload"].read())
    assert seen["AWS_ENDPOINT_URL"] == state["ministack"]["url"]
    for service in (
        "SAGEMAKER",
        "SAGEMAKER_RUNTIME",
        "SERVICE_CATALOG",
        "ORGANIZATIONS",
        "STS",
        "CLOUDFORMATION",
        "CLOUDWATCH",
        "SECURITYHUB",
        "IAM",
        "KMS",
    ):
        assert seen[f"AWS_ENDPOINT_URL_{service}"] == state["moto"]["url"]
    assert seen["CUSTOM_RESOURCE_ALLOW_LOOPBACK"] == "1"
    assert (seen["AWS_REGION"], seen["AWS_LAMBDA_LOG_GROUP_NAME"], seen["OWN"]) == (REGION, "/tried/function", "value")
    assert not {"HOME", "GATEWAY_PORT", "DOCKER_HOST", "AWS_PROFILE"} & set(seen)


def test_a_function_that_dies_is_asked_again(deploy, hub):
    status, outputs = deploy(Mode="die-once")
    assert (status, outputs["Answer"]) == ("CREATE_COMPLETE", "42")
    assert [each["RequestType"] for each in requests(hub)] == ["Create", "Create"]
    first, second = requests(hub)
    assert first == second, "the same request, word for word"


def test_a_failed_creation_is_followed_by_a_deletion_of_what_it_named(deploy, hub):
    status, _ = deploy(Mode="fail")
    assert status == "ROLLBACK_COMPLETE"
    reasons = [
        each.get("ResourceStatusReason", "")
        for each in hub("cloudformation").describe_stack_events(StackName="tried")["StackEvents"]
    ]
    assert any("told to fail" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("too-long", "Response object is too long."), ("no-id", "doesn't contain PhysicalResourceId")],
)
def test_an_answer_that_breaks_the_rules_fails_the_resource(deploy, hub, mode, reason):
    status, _ = deploy(Mode=mode)
    assert status == "ROLLBACK_COMPLETE"
    events = hub("cloudformation").describe_stack_events(StackName="tried")["StackEvents"]
    assert any(reason in each.get("ResourceStatusReason", "") for each in events)


def test_a_machine_written_in_yaml_runs_once_per_name(deploy, hub):
    _, outputs = deploy()
    states = hub("stepfunctions")
    start = {"stateMachineArn": outputs["Machine"], "name": "once", "input": '{"do": "wait"}'}
    execution = states.start_execution(**start)["executionArn"]
    assert states.start_execution(**start)["executionArn"] == execution
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**(start | {"input": "{}"}))
    ended = eventually(
        lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found
    )
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"waited": True})
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**start)
    described = states.describe_state_machine(stateMachineArn=outputs["Machine"])
    assert described["loggingConfiguration"]["level"] == "ERROR"


def test_a_machine_that_goes_to_a_state_that_is_not_there_fails_its_stack(deploy, hub):
    broken = (HERE / "machine.asl.yaml").read_text().replace("StartAt: Call", "StartAt: Cal")
    hub("s3").put_object(Bucket="code", Key="machine.asl.yaml", Body=broken.encode())
    assert deploy()[0] == "ROLLBACK_COMPLETE"
    events = hub("cloudformation").describe_stack_events(StackName="tried")["StackEvents"]
    assert any("MISSING_TRANSITION_TARGET" in each.get("ResourceStatusReason", "") for each in events)


def test_an_asynchronous_event_that_always_fails_reaches_its_destination(deploy, hub):
    _, outputs = deploy()
    hub("lambda").invoke(FunctionName=outputs["FunctionName"], InvocationType="Event", Payload=b'{"do": "die"}')
    queue = {"QueueUrl": outputs["Queue"], "WaitTimeSeconds": 1}
    (message,) = eventually(lambda: hub("sqs").receive_message(**queue).get("Messages"))
    record = json.loads(message["Body"])
    assert record["requestPayload"] == {"do": "die"}
    assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_a_deleted_stack_leaves_nothing(deploy, hub):
    deploy()
    hub("cloudformation").delete_stack(StackName="tried")
    eventually(
        lambda: (
            not hub("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE", "DELETE_IN_PROGRESS"])[
                "StackSummaries"
            ]
        )
    )
    assert hub("lambda").list_functions()["Functions"] == []
    assert hub("logs").describe_log_groups()["logGroups"] == []
    assert hub("iam").list_roles()["Roles"] == []


def test_down_ends_the_processes_of_functions(tmp_path):
    script = HERE / "start_function.py"
    cloud = Cloud(tmp_path)
    state = cloud.up()
    try:
        pid = int(
            subprocess.run(
                [sys.executable, str(script), state["ministack"]["url"]],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout
        )
        leader = processes.Process(state["ministack"]["pid"], state["ministack"]["started"])
        (function,) = [each for each in processes.group_of(leader) if each.pid == pid]
    finally:
        cloud.down()
    assert not function.alive()
    assert not leader.alive()


def test_conditions_join_lists(hub):
    """An empty list is one empty text, as in AWS."""
    of_list = {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Names"}]}, ""]}]}
    template = {
        "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": ""}},
        "Conditions": {"HasNames": of_list},
        "Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/tried/conditions"}}},
        "Outputs": {"HasNames": {"Value": {"Fn::If": ["HasNames", "yes", "no"]}}},
    }
    for names, expected in (("", "no"), ("a,b", "yes")):
        made = stack.create(hub("cloudformation"), "conditions", json.dumps(template), Names=names)
        assert made.outputs == {"HasNames": expected}
        stack.delete(hub("cloudformation"), "conditions")
