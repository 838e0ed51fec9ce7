"""Executions of state machines: what the platform's definition relies on and ministack has otherwise."""

import json

import pytest
from botocore.exceptions import ClientError
from conftest import eventually


def task(resource: str, arguments: object, **more: object) -> dict:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True, **more}


@pytest.fixture
def run(hub):
    """Runs a machine of one state after `Settle`, which assigns; or of given states. Returns the ended execution."""
    states = hub("stepfunctions")

    def ended(given: dict, assign: dict | None = None, **others: dict) -> dict:
        first = {"Type": "Pass", "Assign": assign or {}, "Next": "Tried"}
        machine = {"QueryLanguage": "JSONata", "StartAt": "First", "States": {"First": first, "Tried": given, **others}}
        name = f"tried-{len(states.list_state_machines()['stateMachines'])}"
        role = "arn:aws:iam::111111111111:role/tried"
        arn = states.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role)["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=arn, input='{"given": 7}')["executionArn"]
        describe = lambda: states.describe_execution(executionArn=execution)  # noqa: E731
        return eventually(lambda: (found := describe())["status"] != "RUNNING" and found)

    return ended


def output(execution: dict) -> object:
    assert execution["status"] == "SUCCEEDED", f"{execution['error']}: {execution['cause']}"
    return json.loads(execution["output"])


def test_an_end_has_an_output_of_its_own(run):
    assert output(run({"Type": "Succeed", "Output": {"twice": "{% 2 * $states.input.given %}"}})) == {"twice": 14}


def test_one_assign_sees_the_variables_as_they_were(run):
    swapped = {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "End"}
    end = {"Type": "Succeed", "Output": "{% [$a, $b] %}"}
    assert output(run(swapped, {"a": 1, "b": 2}, End=end)) == [2, 1]


def test_a_variable_that_nobody_assigned_fails_even_within_an_expression(run):
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $missing = 1 %}", "Next": "End"}], "Default": "End"}
    execution = run(choice, {"known": "$text"}, End={"Type": "Succeed", "Output": "{% '$text' & $known %}"})
    assert execution["error"] == "States.QueryEvaluationError" and "'missing'" in execution["cause"]


def test_names_bound_within_an_expression_are_no_variables(run):
    expression = "{% ($sum := function($x, $y) { $x + $y }; [$sum(1, 2), $count([1, 2])]) %}"
    assert output(run({"Type": "Succeed", "Output": expression})) == [3, 2]


def test_data_beyond_its_limit_fails(run):
    large = {"Type": "Pass", "Assign": {"large": "{% $pad('', 300000, '0123456789') %}"}, "End": True}
    assert run(large)["error"] == "States.DataLimitExceeded"


def test_an_answer_has_to_be_there_in_a_time_that_is_an_expression(run, hub):
    arguments = {"Name": "/tried/token", "Type": "SecureString", "Value": "{% $states.context.Task.Token %}"}
    waiting = task(
        "aws-sdk:ssm:putParameter.waitForTaskToken",
        arguments,
        TimeoutSeconds="{% 2 * 10 %}",
        Catch=[
            {"ErrorEquals": ["States.Timeout"], "Next": "Late", "Assign": {"error": "{% $states.errorOutput.Error %}"}}
        ],
    )
    late = {"Type": "Succeed", "Output": {"error": "{% $error %}"}}
    assert output(run(waiting, Late=late)) == {"error": "States.Timeout"}, "twenty seconds, twenty times as fast"
    token = hub("ssm").get_parameter(Name="/tried/token", WithDecryption=True)["Parameter"]["Value"]
    with pytest.raises(ClientError, match="TaskDoesNotExist"):
        hub("stepfunctions").send_task_success(taskToken=token, output="{}")


def test_an_event_has_its_detail_as_json(run, hub):
    sqs, events = hub("sqs"), hub("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="heard", EventPattern=json.dumps({"source": ["tried"], "detail": {"state": ["Live"]}}))
    events.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {
        "Source": "tried",
        "DetailType": "Tried",
        "Detail": {"state": "Live", "given": "{% $states.input.given %}"},
    }
    output(run(task("events:putEvents", {"Entries": [entry]})))
    message = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
    assert json.loads(message["Body"])["detail"] == {"state": "Live", "given": 7}
    refused = run(task("events:putEvents", {"Entries": [{**entry, "Source": "aws.sagemaker"}]}))
    assert refused["error"] == "EventBridge.FailedEntry"


def test_alarms_are_lists_however_many_there_are(run, hub):
    describe = task(
        "aws-sdk:cloudwatch:describeAlarms",
        {"AlarmNames": ["one", "two"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
    )
    found = output(run(describe))
    assert (found["MetricAlarms"], found["CompositeAlarms"]) == ([], [])
    given = {
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
    }
    hub("cloudwatch").put_metric_alarm(AlarmName="one", ComparisonOperator="GreaterThanThreshold", **given)
    (alarm,) = output(run(describe))["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["StateValue"], alarm["Threshold"]) == ("one", "INSUFFICIENT_DATA", 1)


def test_a_metric_is_counted_with_its_dimensions(run, hub):
    dimensions = [{"Name": "PlatformName", "Value": "tried"}]
    datum = {"MetricName": "Live", "Dimensions": dimensions, "Value": 1, "Unit": "Count"}
    output(run(task("aws-sdk:cloudwatch:putMetricData", {"Namespace": "Tried", "MetricData": [datum]})))
    (metric,) = hub("cloudwatch").list_metrics(Namespace="Tried")["Metrics"]
    assert (metric["MetricName"], metric["Dimensions"]) == ("Live", dimensions)


@pytest.mark.parametrize(
    ("resource", "arguments", "error"),
    [
        ("aws-sdk:ssm:deleteParameter", {"Name": "/not/there"}, "Ssm.ParameterNotFoundException"),
        ("aws-sdk:ssm:getParameter", {"Name": "/not/there"}, "Ssm.ParameterNotFoundException"),
        (
            "sns:publish",
            {"TopicArn": "arn:aws:sns:eu-west-1:111111111111:none", "Message": "x"},
            "SNS.NotFoundException",
        ),
        ("sns:publish", {"TopicArn": "x", "Message": "x", "Subject": "two\nlines"}, "SNS.InvalidParameterException"),
    ],
)
def test_errors_have_the_names_that_a_definition_catches(run, resource, arguments, error):
    assert run(task(resource, arguments))["error"] == error
