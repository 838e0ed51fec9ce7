import pytest
import stack
from conftest import as_parameters, eventually
from test_supplement import call, refused

TEMPLATE = """
Parameters: {Command: {Type: String}}
Resources:
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      ServiceRole: arn:aws:iam::111111111111:role/build
      Artifacts: {Type: NO_ARTIFACTS}
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/standard:7.0
        EnvironmentVariables: [{Name: KEPT, Value: one}, {Name: CHANGED, Value: two}]
      Source:
        Type: NO_SOURCE
        BuildSpec: !Sub |
          version: 0.2
          phases:
            pre_build: {commands: ["echo begin"]}
            build: {commands: ["make", "${Command}"]}
Outputs: {Name: {Value: !Ref Project}}
"""


@pytest.fixture
def project(hub):
    """Makes a project, by a stack, whose build ends with the command given; returns its name."""
    return lambda command: stack.create(hub("cloudformation"), "builds", TEMPLATE, Command=command).outputs["Name"]


def ended(builds, identifier: str) -> tuple[list[str], dict]:
    """Every status that was seen, and the build at its end."""
    seen = []

    def look():
        (build,) = builds.batch_get_builds(ids=[identifier])["builds"]
        seen.append(build["buildStatus"])
        return build["buildComplete"] and build

    return seen, eventually(look)


def test_a_build_takes_its_time_and_succeeds(hub, project):
    builds, name = hub("codebuild"), project("echo done")
    variables = [{"name": "CHANGED", "value": "three"}, {"name": "ADDED", "value": "four", "type": "PLAINTEXT"}]
    order = {"projectName": name, "sourceVersion": "v1", "environmentVariablesOverride": variables}
    started = call(builds, "StartBuild", **order)["build"]
    assert (started["buildStatus"], started["currentPhase"]) == ("IN_PROGRESS", "SUBMITTED")
    seen, build = ended(builds, started["id"])
    assert seen == ["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]
    assert build["sourceVersion"] == "v1"
    given = {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}
    assert given == {"KEPT": "one", "CHANGED": "three", "ADDED": "four"}
    assert [each["phaseType"] for each in build["phases"]][-3:] == ["UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]
    assert build["endTime"] >= build["startTime"]
    assert builds.list_builds_for_project(projectName=name)["ids"] == [started["id"]]


def test_a_build_whose_buildspec_says_exit_1_fails_in_that_phase(hub, project):
    builds = hub("codebuild")
    seen, build = ended(builds, builds.start_build(projectName=project("exit 1"))["build"]["id"])
    assert seen[-1] == "FAILED"
    (failed,) = [each for each in build["phases"] if each.get("phaseStatus") == "FAILED"]
    assert failed["phaseType"] == "BUILD"
    assert failed["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 1. Reason: exit status 1",
        }
    ]


def test_a_token_starts_one_build(hub, project):
    builds, name = hub("codebuild"), project("sleep 60")
    first = builds.start_build(projectName=name, idempotencyToken="once")["build"]["id"]
    assert builds.start_build(projectName=name, idempotencyToken="once")["build"]["id"] == first
    changed = {"projectName": name, "idempotencyToken": "once", "sourceVersion": "other"}
    assert refused(builds, "StartBuild", **changed) == "InvalidInputException"
    second = builds.start_build(projectName=name)["build"]["id"]
    assert set(builds.list_builds_for_project(projectName=name)["ids"]) == {first, second}


def test_a_build_that_lasts_is_stopped(hub, project):
    builds = hub("codebuild")
    started = builds.start_build(projectName=project("sleep 60"))["build"]["id"]
    looks = [builds.batch_get_builds(ids=[started])["builds"][0]["buildStatus"] for _ in range(6)]
    assert set(looks) == {"IN_PROGRESS"}
    assert call(builds, "StopBuild", id=started)["build"]["buildStatus"] == "STOPPED"
    _, build = ended(builds, started)
    assert build["buildStatus"] == "STOPPED"


def test_what_is_not_there_is_said_so(hub):
    builds = hub("codebuild")
    assert refused(builds, "StartBuild", projectName="absent") == "ResourceNotFoundException"
    assert refused(builds, "ListBuildsForProject", projectName="absent") == "ResourceNotFoundException"
    assert refused(builds, "StopBuild", id="absent:1") == "ResourceNotFoundException"
    assert builds.batch_get_builds(ids=["absent:1"])["buildsNotFound"] == ["absent:1"]


def test_a_changed_buildspec_is_built(hub, project):
    builds, name = hub("codebuild"), project("exit 1")
    hub("cloudformation").update_stack(
        StackName="builds", TemplateBody=TEMPLATE, Parameters=as_parameters(Command="echo mended")
    )
    assert stack.settled(hub("cloudformation"), "builds").status == "UPDATE_COMPLETE"
    _, build = ended(builds, builds.start_build(projectName=name)["build"]["id"])
    assert build["buildStatus"] == "SUCCEEDED"
