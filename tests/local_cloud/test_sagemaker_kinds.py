"""Every kind of SageMaker resource that a control looks at: made, described, listed, tagged and deleted by its API."""

import json
import urllib.error
import urllib.request
from datetime import timedelta

import population
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from conftest import REGION, as_parameters
from sagemaker_kinds import KINDS
from shapes import faults_in, model_of

PLURALS = {noun: f"{noun}s" for noun in population.NOUNS} | {"AutoMLJobV2": "AutoMLJobs"}
KEPT = [kind.noun for kind in KINDS]
KEYS = {kind.noun: kind.name for kind in KINDS} | {noun: f"{noun}Name" for noun in population.OF_MOTO}
MISSING_IS_INVALID = {"NotebookInstance", "NotebookInstanceLifecycleConfig", *population.OF_MOTO}
MISSING_IS_INVALID |= {"TrainingJob", "TransformJob", "ProcessingJob"}


def call(client, operation: str, **parameters) -> dict:
    """Calls, and holds the answer to the service's model."""
    answer = getattr(client, xform_name(operation))(**parameters)
    answer.pop("ResponseMetadata")
    shape = model_of("sagemaker").operation_model(operation).output_shape
    assert shape is None or faults_in(answer, shape) == ""
    return answer


def refused(client, operation: str, **parameters) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(client, operation, **parameters)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def everything(client, noun: str, **filters) -> list[dict]:
    """All that a listing gives, page by page."""
    items, token = [], {}
    while True:
        answer = call(client, f"List{PLURALS[noun]}", MaxResults=2, **token, **filters)
        (page,) = (value for name, value in answer.items() if name != "NextToken")
        assert len(page) <= 2
        items += page
        if "NextToken" not in answer:
            return items
        token = {"NextToken": answer["NextToken"]}


def post(state, path: str, body: object) -> tuple[int, dict]:
    request = urllib.request.Request(state["moto"]["url"] + path, data=json.dumps(body).encode())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def account(state) -> str:
    return state["organization"]["accounts"]["production"][0]


def test_what_a_call_gives_is_described_listed_in_pages_and_tagged(moto, account, subtests):
    call(moto("sagemaker", account), "CreateModel", **population.given("Model", "model", False, account, REGION))
    for noun in [*KEPT, "EndpointConfig", "Model"]:
        with subtests.test(noun):
            hold_to_its_calls(moto("sagemaker", account), moto("sagemaker"), noun, account)


def hold_to_its_calls(sagemaker, other, noun: str, account: str) -> None:
    key = KEYS[noun]
    for number in range(5):
        wanted = population.given(noun, f"one-{number}", number != 4, account, REGION)
        (arn,) = call(sagemaker, f"Create{noun}", **wanted).values()
        assert arn.startswith(f"arn:aws:sagemaker:{REGION}:{account}:") and arn.endswith(f"/one-{number}")
    members = model_of("sagemaker").operation_model(f"Describe{noun}").output_shape.members
    given = population.given(noun, "one-0", True, account, REGION)
    described = call(sagemaker, f"Describe{noun}", **{key: "one-0"})
    for name in given.keys() & members.keys() - {"ModelVariants"}:
        assert described[name] == given[name], name
    renamed = {"SecurityGroupIds", "EndpointName", "Tags"}
    assert given.keys() - members.keys() - renamed == set(), "what is kept under another name is known"
    found = everything(sagemaker, noun, NameContains="ONE") if noun != "FlowDefinition" else everything(sagemaker, noun)
    assert len({str(each) for each in found}) == 5
    latest = max(each["CreationTime"] for each in found)
    assert everything(sagemaker, noun, CreationTimeAfter=latest + timedelta(seconds=1)) == []
    assert len(everything(sagemaker, noun, CreationTimeAfter=latest - timedelta(minutes=1))) >= 5
    arn = next(described[name] for name in ("Arn", "JobDefinitionArn", key.replace("Name", "Arn")) if name in described)
    assert call(sagemaker, "ListTags", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "fraud"}]
    call(sagemaker, "AddTags", ResourceArn=arn, Tags=[{"Key": "owner", "Value": "ann"}])
    assert len(call(sagemaker, "ListTags", ResourceArn=arn)["Tags"]) == 2
    assert everything(other, noun) == [], "another account has none of it"
    assert refused(sagemaker, f"Create{noun}", **given)[0] in ("ResourceInUse", "ValidationException")


def test_what_is_not_there_is_refused_in_the_services_words(moto, subtests):
    for noun in [*KEPT, "Model", "EndpointConfig", "Endpoint"]:
        with subtests.test(noun):
            code, message = refused(moto("sagemaker"), f"Describe{noun}", **{KEYS[noun]: "absent"})
            assert code == ("ValidationException" if noun in MISSING_IS_INVALID else "ResourceNotFound")
            assert any(words in message for words in ("ould not find", "ot found", "RecordNotFound", "does not exist"))


def test_a_notebook_instance_is_stopped_changed_started_and_deleted(moto, account):
    sagemaker, name = moto("sagemaker", account), {"NotebookInstanceName": "one"}
    wanted = population.given("NotebookInstance", "one", False, account, REGION) | {
        "PlatformIdentifier": "notebook-al2-v3",
        "LifecycleConfigName": "prepare",
        "SecurityGroupIds": ["sg-1"],
    }
    sagemaker.create_notebook_instance(**wanted)
    status = lambda: sagemaker.describe_notebook_instance(**name)["NotebookInstanceStatus"]  # noqa: E731
    assert [status(), status()] == ["Pending", "InService"]
    for verb in ("Update", "Delete", "Start"):
        code, message = refused(sagemaker, f"{verb}NotebookInstance", **name)
        assert code == "ValidationException" and "Status (InService) not in" in message
    sagemaker.stop_notebook_instance(**name)
    assert [status(), status()] == ["Stopping", "Stopped"]
    imds = {"MinimumInstanceMetadataServiceVersion": "2"}
    sagemaker.update_notebook_instance(
        **name, RootAccess="Disabled", InstanceMetadataServiceConfiguration=imds, DisassociateLifecycleConfig=True
    )
    assert [status(), status()] == ["Updating", "Stopped"]
    found = call(sagemaker, "DescribeNotebookInstance", **name)
    assert (found["RootAccess"], found["DirectInternetAccess"]) == ("Disabled", "Enabled")
    assert found["InstanceMetadataServiceConfiguration"] == imds
    assert found["PlatformIdentifier"] == "notebook-al2-v3"
    assert found["SecurityGroups"] == ["sg-1"]
    assert "NotebookInstanceLifecycleConfigName" not in found
    assert [
        each["NotebookInstanceName"] for each in everything(sagemaker, "NotebookInstance", StatusEquals="Stopped")
    ] == ["one"]
    assert everything(sagemaker, "NotebookInstance", StatusEquals="InService") == []
    sagemaker.start_notebook_instance(**name)
    assert [status(), status()] == ["Pending", "InService"]
    url = call(sagemaker, "CreatePresignedNotebookInstanceUrl", **name)["AuthorizedUrl"]
    assert url.startswith("https://one.notebook.")
    sagemaker.stop_notebook_instance(**name)
    assert [status(), status()] == ["Stopping", "Stopped"]
    sagemaker.delete_notebook_instance(**name)
    assert status() == "Deleting"
    assert refused(sagemaker, "DescribeNotebookInstance", **name) == ("ValidationException", "RecordNotFound")


def test_a_notebook_instance_without_internet_has_a_subnet(moto):
    wanted = {
        "NotebookInstanceName": "one",
        "InstanceType": "ml.t3.medium",
        "RoleArn": "arn:aws:iam::1:role/r" + "x" * 9,
    }
    code, message = refused(moto("sagemaker"), "CreateNotebookInstance", DirectInternetAccess="Disabled", **wanted)
    assert code == "ValidationException" and "SubnetId" in message


def test_a_job_goes_on_until_it_is_stopped(moto, account, subtests):
    sagemaker = moto("sagemaker", account)
    for noun in ("TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob", "AutoMLJobV2"):
        with subtests.test(noun):
            base = noun.removesuffix("V2")
            key, member = {f"{base}Name": "one"}, f"{base}Status"
            call(sagemaker, f"Create{noun}", **population.given(noun, "one", True, account, REGION))
            seen = [call(sagemaker, f"Describe{noun}", **key)[member] for _ in range(4)]
            call(sagemaker, f"Stop{base}", **key)
            seen += [call(sagemaker, f"Describe{noun}", **key)[member] for _ in range(3)]
            assert seen == ["InProgress"] * 4 + ["Stopping", "Stopped", "Stopped"]
            code, message = refused(sagemaker, f"Stop{base}", **key)
            assert code == "ValidationException" and "is in status Stopped" in message
            assert len(everything(sagemaker, noun, StatusEquals="Stopped")) == 1
            assert everything(sagemaker, noun, StatusEquals="InProgress") == []


def test_an_update_of_a_training_job_turns_remote_debugging_on(moto, account):
    sagemaker, name = moto("sagemaker", account), {"TrainingJobName": "one"}
    call(sagemaker, "CreateTrainingJob", **population.given("TrainingJob", "one", True, account, REGION))
    call(sagemaker, "UpdateTrainingJob", **name, RemoteDebugConfig={"EnableRemoteDebug": True})
    call(sagemaker, "UpdateTrainingJob", **name, ResourceConfig={"KeepAlivePeriodInSeconds": 60})
    found = call(sagemaker, "DescribeTrainingJob", **name)
    assert found["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    assert (found["ResourceConfig"]["InstanceCount"], found["ResourceConfig"]["KeepAlivePeriodInSeconds"]) == (2, 60)


def test_the_first_version_of_auto_ml_is_described_as_the_second(moto, account):
    sagemaker = moto("sagemaker", account)
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in"}}}
    call(
        sagemaker,
        "CreateAutoMLJob",
        AutoMLJobName="old",
        InputDataConfig=[source | {"TargetAttributeName": "y"}],
        OutputDataConfig={"S3OutputPath": "s3://data/out"},
        AutoMLJobConfig={"SecurityConfig": {"EnableInterContainerTrafficEncryption": True}},
        RoleArn="arn:aws:iam::111111111111:role/automl",
    )
    found = call(sagemaker, "DescribeAutoMLJobV2", AutoMLJobName="old")
    assert found["SecurityConfig"] == {"EnableInterContainerTrafficEncryption": True}
    assert found["AutoMLProblemTypeConfig"] == {"TabularJobConfig": {"TargetAttributeName": "y"}}
    assert call(sagemaker, "DescribeAutoMLJob", AutoMLJobName="old")["AutoMLJobConfig"]["SecurityConfig"]


def test_schedules_and_experiments_are_stopped_and_started(moto, account):
    sagemaker = moto("sagemaker", account)
    for noun, key, states in (
        ("MonitoringSchedule", "MonitoringScheduleName", ["Pending", "Scheduled", "Pending", "Stopped"]),
        ("InferenceExperiment", "Name", ["Creating", "Running", "Stopping", "Cancelled"]),
    ):
        call(sagemaker, f"Create{noun}", **population.given(noun, "one", True, account, REGION))
        member = f"{noun}Status" if noun == "MonitoringSchedule" else "Status"
        status = lambda: call(sagemaker, f"Describe{noun}", **{key: "one"})[member]  # noqa: E731, B023
        seen = [status(), status()]
        how = {"ModelVariantActions": {"one": "Retain"}, "DesiredState": "Cancelled"} if key == "Name" else {}
        call(sagemaker, f"Stop{noun}", **{key: "one"}, **how)
        assert [*seen, status(), status()] == states
    call(sagemaker, "StartMonitoringSchedule", MonitoringScheduleName="one")
    call(sagemaker, "DescribeMonitoringSchedule", MonitoringScheduleName="one")
    assert len(everything(sagemaker, "MonitoringSchedule", StatusEquals="Scheduled")) == 1
    own = {"MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "other", "MonitoringType": "ModelBias"}}
    call(sagemaker, "UpdateMonitoringSchedule", MonitoringScheduleName="one", **own)
    assert call(sagemaker, "DescribeMonitoringSchedule", MonitoringScheduleName="one")["MonitoringType"] == "ModelBias"


def test_what_is_deleted_is_gone(moto, account, state, subtests):
    for kind in KINDS:
        with subtests.test(kind.noun):
            assert ("Delete" in kind.changes) == (f"Delete{kind.base}" in model_of("sagemaker").operation_names)
            if "Delete" in kind.changes:
                hold_to_its_end(moto("sagemaker", account), kind, account, state)


def hold_to_its_end(sagemaker, kind, account: str, state: dict) -> None:
    call(sagemaker, f"Create{kind.noun}", **population.given(kind.noun, "one", True, account, REGION))
    if allowed := kind.changes["Delete"].allowed:
        assert refused(sagemaker, f"Delete{kind.base}", **{kind.name: "one"})[0] == "ValidationException"
        arn = call(sagemaker, f"Describe{kind.noun}", **{kind.name: "one"})[kind.arn_member]
        ended = {"arn": arn, "members": {kind.status: allowed[-1]}}
        assert post(state, "/local-cloud/members", [ended]) == (200, {})
    call(sagemaker, f"Delete{kind.base}", **{kind.name: "one"})
    for _ in range(2):  # some are there, deleting, for a while
        everything(sagemaker, kind.noun)
    assert everything(sagemaker, kind.noun) == []
    refused(sagemaker, f"Describe{kind.noun}", **{kind.name: "one"})


def test_members_that_no_call_sets_are_set_and_taken_away(moto, account, state):
    sagemaker = moto("sagemaker", account)
    job = call(sagemaker, "CreateTrainingJob", **population.given("TrainingJob", "one", True, account, REGION))
    model = call(sagemaker, "CreateModel", **population.given("Model", "one", True, account, REGION))
    tuning = f"arn:aws:sagemaker:{REGION}:{account}:hyper-parameter-tuning-job/tuning"
    ended = {"TrainingJobStatus": "Completed", "TrainingEndTime": 1_700_000_000, "TuningJobArn": tuning}
    given = [
        {"arn": job["TrainingJobArn"], "members": ended | {"EnableNetworkIsolation": None}},
        {"arn": model["ModelArn"], "members": {"EnableNetworkIsolation": None}},
    ]
    assert post(state, "/local-cloud/members", given) == (200, {})
    found = call(sagemaker, "DescribeTrainingJob", TrainingJobName="one")
    assert (found["TrainingJobStatus"], found["TuningJobArn"]) == ("Completed", tuning)
    assert found["TrainingEndTime"].timestamp() == 1_700_000_000
    assert "EnableNetworkIsolation" not in found
    assert "EnableNetworkIsolation" not in call(sagemaker, "DescribeModel", ModelName="one")
    absent = {"arn": job["TrainingJobArn"] + "-absent", "members": {}}
    wrong = {"arn": job["TrainingJobArn"], "members": {"Colour": "red", "BillableTimeInSeconds": "long"}}
    status, answer = post(state, "/local-cloud/members", [absent, wrong])
    assert status == 400
    assert "-absent is not there" in answer["error"] and "has no Colour" in answer["error"]
    assert "Invalid type" in answer["error"]


def test_an_app_tells_when_it_was_last_used(moto, account, state):
    sagemaker = moto("sagemaker", account)
    made = post(state, population.PATH, {"account": account, "region": REGION, "resources": 3})
    assert made[0] == 200
    (app,) = everything(sagemaker, "App")
    key = {name: app[name] for name in ("DomainId", "SpaceName", "AppType", "AppName")}
    arn = call(sagemaker, "DescribeApp", **key)["AppArn"]
    used = [{"arn": arn, "members": {"LastUserActivityTimestamp": "2024-01-02T03:04:05Z"}}]
    assert post(state, "/local-cloud/members", used) == (200, {})
    assert call(sagemaker, "DescribeApp", **key)["LastUserActivityTimestamp"].isoformat().startswith("2024-01-02T03:04")


def test_a_population_is_of_all_kinds_and_described_by_the_api(moto, account, state):
    status, made = post(state, population.PATH, {"account": account, "region": REGION, "resources": 46})
    assert status == 200 and set(made) == set(population.NOUNS) and set(made.values()) == {2}
    sagemaker = moto("sagemaker", account)
    for noun in population.NOUNS:
        assert len(everything(sagemaker, noun)) == 2, noun
    isolated = [
        call(sagemaker, "DescribeModel", ModelName=each["ModelName"])["EnableNetworkIsolation"]
        for each in everything(sagemaker, "Model", SortBy="Name", SortOrder="Ascending")
    ]
    assert isolated == [True, False]
    assert post(state, population.PATH, {"account": account, "resources": 1})[0] == 400


def test_stacks_of_target_accounts_make_notebook_instances_whole(moto, account):
    template = {
        "Resources": {
            "Config": {
                "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
                "Properties": {"NotebookInstanceLifecycleConfigName": "prepare", "OnStart": [{"Content": "ZWNobw=="}]},
            },
            "Notebook": {
                "Type": "AWS::SageMaker::NotebookInstance",
                "Properties": {
                    "NotebookInstanceName": {"Fn::Sub": "of-${AWS::StackName}"},
                    "InstanceType": "ml.t3.medium",
                    "RoleArn": f"arn:aws:iam::{account}:role/notebook",
                    "RootAccess": "Disabled",
                    "LifecycleConfigName": {"Fn::GetAtt": ["Config", "NotebookInstanceLifecycleConfigName"]},
                    "KmsKeyId": "key",
                },
            },
        }
    }
    cloudformation, sagemaker = moto("cloudformation", account), moto("sagemaker", account)
    cloudformation.create_stack(StackName="notebooks", TemplateBody=json.dumps(template), Parameters=as_parameters())
    found = call(sagemaker, "DescribeNotebookInstance", NotebookInstanceName="of-notebooks")
    assert (found["RootAccess"], found["KmsKeyId"]) == ("Disabled", "key")
    assert found["NotebookInstanceLifecycleConfigName"] == "prepare"
    cloudformation.delete_stack(StackName="notebooks")
    assert everything(sagemaker, "NotebookInstance") == everything(sagemaker, "NotebookInstanceLifecycleConfig") == []


def test_listings_refuse_more_than_a_hundred_at_once(moto):
    code, message = refused(moto("sagemaker"), "ListTrainingJobs", MaxResults=101)
    assert code == "ValidationException" and "less than or equal to 100" in message
