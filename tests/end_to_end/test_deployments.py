"""Deployments on the deployed platform: in which order, who is asked, and what comes of everything that goes wrong."""

import json

import pytest
from deployed_group import Group, asked, registration
from function_process import REPOSITORY
from people import until

NO_CAPACITY = {
    "service": "sagemaker",
    "operation": "UpdateEndpoint",
    "error": "ResourceLimitExceeded",
    "message": "0 Instances",
}
TAKEN_BACK = [("rollBack", "production"), ("rollBack", "staging")]


@pytest.fixture
def deployed(platform, registry, approver, inbox):
    """A group that is not registered yet."""
    return Group(platform, registry, approver, inbox)


def failed(execution: dict, error: str) -> str:
    """The cause of an execution that has to have failed so."""
    assert (execution["status"], execution.get("error")) == ("FAILED", error), execution.get("cause")
    return execution["cause"]


def withdrawn(execution: dict, outcome: str) -> str:
    """The cause of an execution that has to have ended by somebody's decision."""
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    output = json.loads(execution["output"])
    assert output["outcome"] == outcome
    return output["cause"]


def test_one_account_of_production_goes_first_and_the_rest_follows(deployed):
    before = deployed.platform.metric("Live")
    deployed.register().go_live(1)

    history = deployed.platform.history(deployed.name)
    assert deployed.recorded() == [
        *(("wave", "staging", 1), ("stage", "staging", 1)),
        *(("wave", "production", 1), ("wave", "production", 1), ("stage", "production", 1)),
    ]
    canary, rest = history[2]["accounts"], history[3]["accounts"]
    assert len(canary) == 1 and sorted(canary + rest) == sorted(deployed.production)
    times = [each["time"] for each in history]
    assert times == sorted(times) and len(set(times)) == len(times)
    results = deployed.platform.results(deployed.name)
    assert [each["summary"]["failures"] for each in results] == [0] * len(results)
    answers = [
        len(endpoint["invocations"]) for each in results for endpoint in each["endpoints"] if each["action"] == "verify"
    ]
    assert answers and all(answers)
    listed = [uri for each in history if each["kind"] == "stage" for uri in each["results"]]
    assert {uri.rpartition(".")[2] for uri in listed} == {"json", "xml"}
    assert deployed.platform.live(deployed.name) == {"staging": 1, "production": 1}
    assert deployed.happened("Live") == ["Started", "StageLive", "StageLive", "Live"]
    assert deployed.platform.metric("Live", deployed.name) == 1
    assert deployed.platform.metric("Live") == before + 1


def test_an_event_says_what_a_rule_may_want_to_know(deployed):
    deployed.register().go_live(1)
    deployed.happened("Live")
    stage = next(each for each in deployed.inbox.details(deployed.name) if each["state"] == "StageLive")
    execution = deployed.ended(1)
    expected = {"platformName": "secure-mlops", "kind": "approval", "stage": "staging", "accounts": 2}
    expected |= {"modelPackageArn": deployed.versions[0], "execution": execution["name"]}
    assert {key: stage[key] for key in expected} == expected
    assert stage["approval"]["by"] == deployed.approver.arn


def test_the_dashboard_shows_the_metrics_that_are_written(clients, platform, deployed):
    name = platform.outputs()["DeploymentsDashboardName"]
    body = json.loads(clients.hub("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    shown = {
        metric[1] for each in body["widgets"] for metric in each["properties"].get("metrics", []) if len(metric) > 1
    }
    definition = json.loads((REPOSITORY / "statemachine" / "model-deployment.asl.json").read_text())
    announced = {
        each["Assign"]["announcement"]["state"]
        for each in definition["States"].values()
        if "announcement" in each.get("Assign", {})
    }
    # Where the state is an expression, it is one of these.
    announced = {each for each in announced if "{%" not in each} | {
        "Superseded",
        "Rejected",
        "Denied",
        "Expired",
        "RolledBack",
        "Failed",
    }
    executions = {each for each in shown if each.startswith("Executions")}
    assert shown - executions <= announced
    assert announced - shown == {"StageLive", "NothingToDo"}, "not shown, on purpose"


# ---- Somebody is asked


def test_production_waits_for_a_yes(deployed):
    deployed.register(asked(registration(deployed.platform))).decide(1)
    question = deployed.asks(1)
    assert deployed.runs() == {each: 1 for each in deployed.staging}
    published = [each["Message"] for each in deployed.inbox.messages() if each.get("Type") == "Notification"]
    message = next(each for each in published if deployed.name in each)
    assert question["taskToken"] not in message and f"--group {deployed.name} --stage production" in message

    answer = deployed.answer("approve", "--model-version", "1", "--comment", "CHG-4711")
    assert (answer.code, answer.document["decision"]["by"]) == (0, deployed.approver.arn), answer.said
    assert deployed.ended()["status"] == "SUCCEEDED"
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}
    assert deployed.platform.question(deployed.name) is None
    stage = deployed.platform.history(deployed.name)[-1]
    assert (stage["decision"]["by"], stage["decision"]["comment"]) == (deployed.approver.arn, "CHG-4711")
    assert question["taskToken"] not in json.dumps(deployed.platform.history(deployed.name))
    assert deployed.happened("Live") == ["Started", "StageLive", "WaitingForApproval", "StageLive", "Live"]
    again = deployed.answer("approve")
    assert again.code == 3, "nothing waits any more"


def test_a_no_takes_staging_back(deployed):
    deployed.register(versions=2).go_live(1)
    deployed.register(asked(registration(deployed.platform))).decide(2)
    deployed.asks(2)
    assert deployed.runs() == {each: 2 for each in deployed.staging} | {each: 1 for each in deployed.production}

    assert deployed.answer("reject", "--comment", "drifts").code == 0
    assert f"{deployed.approver.arn} said no to stage production: drifts" == withdrawn(deployed.ended(), "denied")
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}
    assert deployed.recorded()[-1] == ("rollBack", "staging", 1)
    assert deployed.platform.live(deployed.name) == {"staging": 1, "production": 1}
    assert deployed.happened("Denied")[-2:] == ["WaitingForApproval", "Denied"]


def test_without_an_answer_the_question_expires(deployed):
    deployed.register(asked(registration(deployed.platform), hours=1))
    cause = failed(deployed.approve(1), "Expired")
    assert cause.startswith("nobody answered for stage production until ")
    assert deployed.runs() == {}
    assert deployed.platform.live(deployed.name) == {}
    assert deployed.recorded()[-1] == ("rollBack", "staging", None)
    assert deployed.platform.question(deployed.name) is None
    assert deployed.answer("approve").code == 3
    deployed.happened("Expired")


def test_a_newer_approval_makes_the_question_needless(deployed):
    deployed.register(asked(registration(deployed.platform)), versions=2).decide(1)
    deployed.asks(1)
    deployed.decide(2)
    assert "version 2 was approved since" in withdrawn(deployed.ended(1), "superseded")
    deployed.asks(2)
    assert deployed.runs() == {each: 2 for each in deployed.staging}
    assert deployed.answer("approve", "--model-version", "1").code == 3
    assert deployed.answer("approve", "--model-version", "2").code == 0
    assert deployed.ended(2)["status"] == "SUCCEEDED"
    assert deployed.runs() == {each: 2 for each in deployed.staging + deployed.production}


def test_a_rejection_ends_the_waiting(deployed):
    deployed.register(asked(registration(deployed.platform))).decide(1)
    deployed.asks(1)
    deployed.registry.decide(deployed.versions[0], "Rejected")
    assert deployed.platform.deliver(deployed.registry.event(deployed.versions[0]))
    assert "version 1 was rejected" in withdrawn(deployed.ended(1), "rejected")
    assert deployed.ended(2)["status"] == "SUCCEEDED"
    assert deployed.runs() == {}


def test_who_registered_a_version_lets_it_pass_nowhere(deployed, scientist):
    deployed.register(asked(registration(deployed.platform)))
    own = deployed.registry.decide(deployed.versions[0], "Approved", by=scientist.clients)
    deployed.platform.deliver(own)
    identifier = json.loads(own)["id"]
    refused = until(lambda: errors(deployed.platform, identifier), "the refusal in the log")
    assert all("separationOfDuties" in each and scientist.arn in each for each in refused)
    # It is tried twice, and then kept.
    until(lambda: len(deployed.platform.failed_events()) >= 1, "the refused event among the failed ones")
    deployed.platform.clients.hub("sqs").purge_queue(QueueUrl=deployed.platform.outputs()["FailedEventsUrl"])
    assert deployed.platform.executions(deployed.name) == []

    deployed.decide(1)
    question = deployed.asks(1)
    by_tool = scientist.mlops("approve", "--group", deployed.name, "--yes")
    assert (by_tool.code, by_tool.document) == (4, None), by_tool.said
    # Past the tool, with the token in hand.
    decision = {"decision": "approved", "by": scientist.arn, "at": "2026-01-01T00:00:00Z"}
    deployed.states.send_task_success(taskToken=question["taskToken"], output=json.dumps(decision))
    assert "registered the version" in withdrawn(deployed.ended(), "denied")
    assert deployed.runs() == {}


def errors(platform, event_id: str) -> list[str]:
    return [
        line["error"] for line in platform.log("model-approval") if line.get("event_id") == event_id and "error" in line
    ]


@pytest.mark.parametrize("output", ["{}", '{"decision": "perhaps", "by": "x"}', "7"])
def test_an_answer_that_is_no_yes_is_a_no(deployed, output):
    deployed.register(asked(registration(deployed.platform))).decide(1)
    deployed.states.send_task_success(taskToken=deployed.asks(1)["taskToken"], output=output)
    assert "said no to stage production" in withdrawn(deployed.ended(), "denied")
    assert deployed.runs() == {}


# ---- Everywhere or nowhere


def test_a_production_account_that_fails_takes_all_four_back(deployed, inject):
    deployed.register(versions=2).go_live(1)
    account, before = deployed.production[1], deployed.platform.metric("RolledBack")
    inject({"account": account, **NO_CAPACITY})
    report = json.loads(failed(deployed.approve(2), "StageFailed"))

    assert [each["account"] for each in report["failures"]] == [account]
    assert "0 Instances" in report["failures"][0]["reason"]
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}
    assert deployed.platform.live(deployed.name) == {"staging": 1, "production": 1}
    assert [each[:2] for each in deployed.recorded()[-2:]] == TAKEN_BACK
    assert {each[2] for each in deployed.recorded()[-2:]} == {1}
    assert deployed.happened("RolledBack")[-3:] == ["Started", "StageLive", "RolledBack"]
    assert deployed.platform.metric("RolledBack", deployed.name) == 1
    assert deployed.platform.metric("RolledBack") == before + 1
    inject()
    deployed.go_live(2)


def test_a_first_version_that_fails_leaves_nothing(deployed, inject):
    deployed.register()
    account = deployed.production[0]
    inject({"account": account, **NO_CAPACITY, "operation": "CreateEndpoint"})
    report = json.loads(failed(deployed.approve(1), "StageFailed"))
    assert [each["account"] for each in report["failures"]] == [account]
    assert deployed.runs() == {} and deployed.platform.endpoints(deployed.name) == []
    assert deployed.platform.live(deployed.name) == {}
    assert deployed.recorded()[-2:] == [(*each, None) for each in TAKEN_BACK]


def test_a_roll_back_that_fails_is_reported_and_raises_the_alarm(deployed, clients, inject):
    deployed.register(versions=2).go_live(1)
    deployed.register(asked(registration(deployed.platform))).decide(2)
    deployed.asks(2)
    stuck, before = deployed.staging[0], deployed.platform.metric("RollBackFailed")
    inject({"account": stuck, "stack_instances": True, "error": "AccessDenied", "message": "not any more"})
    assert deployed.answer("reject").code == 0
    cause = json.loads(failed(deployed.ended(), "RollBackFailed"))
    inject()

    assert cause["failure"]["error"] == "Denied"
    (stage,) = cause["rollBackFailures"]
    failures = json.loads(stage["cause"])["failures"]
    assert (stage["stage"], [each["account"] for each in failures]) == ("staging", [stuck])
    assert "not any more" in failures[0]["reason"]
    assert deployed.runs()[stuck] == 2, "people have to look"
    assert deployed.recorded()[-1] == ("rollBackFailed", "staging", 1)
    deployed.happened("RollBackFailed")
    assert deployed.platform.metric("RollBackFailed") == before + 1
    alarm = f"{deployed.platform.name}-deployments-roll-back-failed"
    states = lambda: clients.hub("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]  # noqa: E731
    until(lambda: states()[0]["StateValue"] == "ALARM", "the alarm")
    # The next approval brings every account to one version.
    deployed.register(registration(deployed.platform)).go_live(2)


def test_an_endpoint_that_silently_goes_back_fails_the_deployment(deployed, inject):
    deployed.register(versions=2).go_live(1)
    account = deployed.production[1]
    inject({"account": account, "taken_back": True, "message": "an alarm went off", "times": 1})
    report = json.loads(failed(deployed.approve(2), "StageFailed"))
    assert report["phase"] == "verify"
    (failure,) = report["failures"]
    assert failure["account"] == account
    assert "a silent roll-back: SageMaker says: an alarm went off" in failure["reason"]
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}


def test_an_alarm_between_two_waves_stops_the_second(deployed, clients):
    cloudwatch, name = clients.hub("cloudwatch"), f"errors-of-{deployed.name}"
    document = registration(deployed.platform)
    document["stages"][1]["waves"]["canary"]["alarmNames"] = [name]
    deployed.register(document, versions=2)
    assert f"alarm {name}: does not exist in this account and region" in failed(deployed.approve(1), "Refused")
    assert deployed.recorded() == []

    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Business",
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    deployed.go_live(1)
    cloudwatch.put_metric_data(Namespace="Business", MetricData=[{"MetricName": name, "Value": 5, "Unit": "Count"}])
    until(
        lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "ALARM", "the alarm"
    )
    execution = deployed.approve(2)
    assert f"after wave canary in ALARM: {name}" in failed(execution, "StageFailed")
    waves = [
        each["accounts"]
        for each in deployed.platform.history(deployed.name)
        if each["version"] == 2 and each["kind"] == "wave"
    ]
    assert [len(each) for each in waves] == [2, 1], "staging, and the one account of production"
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}


# ---- Decisions on what is live


def test_rejecting_the_live_version_brings_the_last_good_one_back(deployed):
    deployed.register(versions=2).go_live(1, 2)
    deployed.decide(2, "Rejected")
    assert json.loads(deployed.ended()["output"])["outcome"] == "live"
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}
    assert deployed.platform.live(deployed.name) == {"staging": 1, "production": 1}
    rejection = json.loads(deployed.ended()["input"])
    assert rejection["kind"] == "rejection" and deployed.ended()["name"].startswith(f"{deployed.name}-r2-")


def test_a_rejected_version_stays_where_that_is_what_the_registration_says(deployed):
    deployed.register(registration(deployed.platform, rollbackOnReject=False), versions=2).go_live(1, 2)
    event = deployed.registry.decide(deployed.versions[1], "Rejected")
    deployed.platform.deliver(event)
    assert deployed.platform.decided(event, 1) == ["stays"]
    assert deployed.runs() == {each: 2 for each in deployed.staging + deployed.production}


def test_the_only_version_cannot_be_taken_away_by_a_rejection(deployed):
    deployed.register().go_live(1)
    deployed.decide(1, "Rejected")
    execution = deployed.ended()
    assert execution["status"] == "FAILED" and deployed.versions[0] in execution["cause"]
    deployed.happened("Refused")
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}


def test_approving_an_older_version_again_goes_back(deployed):
    deployed.register(versions=2).go_live(1, 2)
    event = deployed.decide(1)
    assert deployed.platform.decided(event, 1) == ["rollBackStarted"]
    assert deployed.ended()["status"] == "SUCCEEDED"
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}
    deployed.happened("Live")
    live = [each for each in deployed.inbox.details(deployed.name) if each["state"] == "Live"]
    assert [each["goesBack"] for each in live] == [False, False, True]


# ---- Where


def test_the_hub_alone_is_its_own_staging_and_production(deployed, clients):
    hub = clients.state["account_id"]
    deployed.platform.admit([hub])
    document = registration(deployed.platform)
    document["stages"] = [{"name": "staging", "accountIds": [hub]}, {"name": "production", "accountIds": [hub]}]
    execution = deployed.register(document).approve(1)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    sagemaker = clients.hub("sagemaker")
    endpoints = sagemaker.list_endpoints(NameContains=f"secure-mlops-{deployed.name}-")["Endpoints"]
    assert [each["EndpointStatus"] for each in endpoints] == ["InService"] * 2
    assert {each["accounts"][0] for each in deployed.platform.history(deployed.name)} == {hub}


def test_stack_sets_that_the_organization_lets_in(deployed):
    document = registration(deployed.platform, stackSet={"permissionModel": "SERVICE_MANAGED", "callAs": "SELF"})
    deployed.register(document).go_live(1)


def test_a_stage_in_a_region_that_the_model_is_not_in_is_refused(deployed):
    document = registration(deployed.platform)
    document["stages"][1]["regions"] = ["eu-west-1", "eu-central-1"]
    cause = failed(deployed.register(document).approve(1), "Refused")
    assert "eu-central-1" in cause and "production" in cause and "bucket models" in cause
    assert deployed.runs() == {}


def test_a_model_that_the_accounts_may_not_read_is_refused_and_what_is_the_platforms_is_opened(deployed, clients):
    """An image of the hub's own: the repository's policy is the platform's only where its tag says so."""
    ecr, name = clients.hub("ecr"), f"images/{deployed.name}"
    repository = ecr.create_repository(repositoryName=name)["repository"]
    ecr.put_image(repositoryName=name, imageTag="1", imageManifest='{"schemaVersion": 2}')
    host = f"{clients.state['account_id']}.dkr.ecr.{clients.state['region']}.amazonaws.com"
    cause = failed(deployed.register(image=f"{host}/{name}:1").approve(1), "Refused")
    assert f"repository {name}" in cause and "tag the repository" in cause
    assert all(account in cause for account in deployed.staging + deployed.production)
    assert deployed.recorded() == [] and deployed.happened("Refused") == ["Refused"]

    tags = [{"Key": "secure-mlops:platform", "Value": deployed.platform.name}]
    ecr.tag_resource(resourceArn=repository["repositoryArn"], tags=tags)
    deployed.go_live(1)
    policy = ecr.get_repository_policy(repositoryName=name)["policyText"]
    assert all(account in policy for account in deployed.staging + deployed.production)


# ---- What is wrong from the beginning


def test_a_bad_registration_is_refused_with_every_fault(deployed):
    document = registration(deployed.platform, stackSet={"permissionModel": "SELF"}, verificaton={})
    document["stages"][0]["accountIds"] = ["22222222222"]
    document["stages"][1]["waves"]["canary"]["bakeSeconds"] = "900"
    document["endpoint"] = {
        "type": "realTime",
        "variants": [{"name": "A", "instance": {"type": "ml.m5.larg", "count": 0}}],
    }
    cause = failed(deployed.register(document).start(1), "Refused")
    for path in (
        "$.stages[0]",
        "$.stages[1].waves.canary.bakeSeconds",
        "$.endpoint.variants[0].instance.count",
        "$.stackSet.permissionModel",
        "$.verificaton",
    ):
        assert f"{path}" in cause, cause
    assert deployed.recorded() == [] and deployed.runs() == {}
    assert deployed.happened("Refused") == ["Refused"]


def test_a_group_that_is_not_registered_is_refused(deployed):
    deployed.versions = deployed.registry.create_group(deployed.name, 1)
    assert f"deployments/{deployed.name}/registration" in deployed.start(1)["cause"]
    assert deployed.happened("Refused") == ["Refused"]


def test_what_cannot_be_taken_back_is_not_touched(deployed):
    """A live record that nobody can read: where the stage would be taken back to is not known."""
    deployed.register()
    record = f"/{deployed.platform.name}/deployments/{deployed.name}/live/production"
    deployed.ssm.put_parameter(Name=record, Type="String", Value="version seven")
    execution = deployed.approve(1)
    assert execution["status"] == "FAILED" and record in execution["cause"]
    assert deployed.runs() == {}
    assert "LookBefore" in deployed.entered(execution)


def test_where_nobody_can_be_asked_nothing_waits(deployed, clients):
    topic = deployed.platform.outputs()["DeploymentApprovalsTopicArn"]
    sns = clients.hub("sns")
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    deployed.register(asked(registration(deployed.platform)))
    sns.delete_topic(TopicArn=topic)
    try:
        execution = deployed.approve(1)
    finally:
        kept = {key: attributes[key] for key in ("Policy", "KmsMasterKeyId") if attributes.get(key)}
        sns.create_topic(Name=topic.rpartition(":")[2], Attributes=kept)
        deployed.inbox.subscribe(topic)
    assert (execution["status"], execution["error"]) == ("FAILED", "SNS.NotFoundException")
    assert "Ask" in deployed.entered(execution) and "WaitForApproval" not in deployed.entered(execution)
    assert deployed.runs() == {} and deployed.platform.question(deployed.name) is None
    deployed.happened("RolledBack")


def test_a_function_that_cannot_work_takes_everything_back(deployed, clients):
    function, functions = f"{deployed.platform.name}-endpoint-verification", clients.hub("lambda")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    deployed.register(versions=2).go_live(1)
    broken = {key: value for key, value in variables.items() if key != "RECORDS_BUCKET"}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": broken})
    try:
        execution = deployed.approve(2)
    finally:
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    # The way back is verified too, so that people have to look, although every account is back.
    cause = json.loads(failed(execution, "RollBackFailed"))
    assert "RECORDS_BUCKET" in json.dumps(cause["failure"])
    named = [(each["stage"], each["accounts"].split()) for each in cause["rollBackFailures"]]
    assert named == [("staging", sorted(deployed.staging))]
    assert deployed.runs() == {each: 1 for each in deployed.staging + deployed.production}
    deployed.go_live(2)


def test_an_execution_that_is_started_by_hand_needs_no_name_of_the_group(deployed):
    execution = deployed.register().start(1)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert deployed.platform.metric("Live", deployed.name) == 1
