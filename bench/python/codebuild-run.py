"""Custom::CodeBuildRun, written the usual way."""

import logging
import time

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
CODEBUILD = boto3.client("codebuild")
LAMBDA = boto3.client("lambda")
STARTED_BY, REQUEST = "SECURE_MLOPS_STARTED_BY", "SECURE_MLOPS_REQUEST"


def variables(build):
    return {variable["name"]: variable["value"] for variable in build["environment"]["environmentVariables"]}


def builds(project):
    ids = CODEBUILD.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
    return CODEBUILD.batch_get_builds(ids=ids)["builds"] if ids else []


def started(event, properties, mark):
    build = CODEBUILD.start_build(
        projectName=properties["ProjectName"],
        sourceVersion=properties["SourceVersion"],
        environmentVariablesOverride=[{"name": name, "value": value} for name, value in mark.items()],
        idempotencyToken=event["RequestId"],
    )
    return build["build"]


@custom_resource
def handler(event):
    properties = event["ResourceProperties"]
    resource = f"codebuild-run/{event['StackId'].split('/', 1)[1]}/{event['LogicalResourceId']}"
    mark = {STARTED_BY: resource, REQUEST: event["RequestId"]}
    own = [build for build in builds(properties["ProjectName"]) if variables(build).get(STARTED_BY) == resource]
    if event["RequestType"] == "Delete":
        for build in own:
            if build["buildStatus"] == "IN_PROGRESS":
                CODEBUILD.stop_build(id=build["id"])
        return {}
    build = next((build for build in own if mark.items() <= variables(build).items()), None)
    if build is None:
        build = started(event, properties, mark)
    while build["buildStatus"] == "IN_PROGRESS":
        time.sleep(5)
        build = CODEBUILD.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED":
        raise RuntimeError(f"build {build['id']} ended {build['buildStatus']}, see {build['logs']['deepLink']}")
    LOGGER.info("build %s succeeded", build["id"])
    return {
        "BuildId": build["id"],
        "BuildArn": build["arn"],
        "BuildNumber": str(build["buildNumber"]),
        "LogsUrl": build["logs"]["deepLink"],
        "ResolvedSourceVersion": build["resolvedSourceVersion"],
    }
