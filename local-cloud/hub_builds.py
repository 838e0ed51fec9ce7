"""Corrections to ministack's CodeBuild: builds that take time and can fail.

A build is IN_PROGRESS for some looks (StartBuild's answer, then each BatchGetBuilds) and then ends. What its buildspec
says is not run, but two kinds of command are understood, so that tests and demonstrations can have every end:
`exit <number>` other than 0 fails the build in the phase in which it stands, and `sleep <seconds>` makes the build last
so long at least, unless the project's timeout ends it before.
"""

import copy
import re
import time

import yaml
from ministack.core.responses import get_region, json_response
from ministack.services import codebuild
from shapes import page

LOOKS = 3
BUILDS_PER_PAGE = 100
TOKEN_VALID_SECONDS = 300
BEFORE = ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE")
OF_BUILDSPEC = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
AFTER = ("UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED")
_MARK = "local-cloud"


def install() -> None:
    codebuild._start_build = _start_build
    codebuild._batch_get_builds = _batch_get_builds
    codebuild._stop_build = _stop_build
    codebuild._list_builds = lambda data: _ids(data, lambda build: True)
    codebuild._list_builds_for_project = _list_builds_for_project


def _start_build(data):
    project, token = codebuild._projects.get(data.get("projectName", "")), data.get("idempotencyToken")
    if project is None:
        return _missing(f"Project cannot be found: {codebuild._project_arn(data.get('projectName', ''))}")
    for build in codebuild._builds.values():
        given = build[_MARK]["given"]
        if token and given.get("idempotencyToken") == token and time.time() - build["startTime"] < TOKEN_VALID_SECONDS:
            if given != data:
                return codebuild.error_response_json(
                    "InvalidInputException", "The parameters do not match those of the same idempotencyToken.", 400
                )
            return json_response({"build": _shown(build)})
    build = _new_build(project, data)
    codebuild._builds[build["id"]] = build
    return json_response({"build": _shown(build)})


def _new_build(project: dict, data: dict) -> dict:
    build = codebuild._make_build_record(project, codebuild._build_id(project["name"]), data.get("sourceVersion"))
    now, source = time.time(), {**build["source"]}
    if "buildspecOverride" in data:
        source["buildspec"] = data["buildspecOverride"]
    environment = copy.deepcopy(build["environment"])
    overrides = {each["name"]: {"type": "PLAINTEXT", **each} for each in data.get("environmentVariablesOverride", [])}
    declared = {each["name"]: each for each in environment.get("environmentVariables", [])}
    environment["environmentVariables"] = list((declared | overrides).values())
    group, stream = build["logs"]["groupName"], build["id"].partition(":")[2]
    link = f"https://console.aws.amazon.com/cloudwatch/home?region={get_region()}#logsV2:log-groups/log-group/{group}"
    for name in ("endTime", *(() if build["sourceVersion"] else ("sourceVersion",))):
        del build[name]
    return build | {
        "startTime": now,
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "currentPhase": "SUBMITTED",
        "phases": [_phase("SUBMITTED", now)],
        "source": source,
        "environment": environment,
        "serviceRole": data.get("serviceRoleOverride", project["serviceRole"]),
        "timeoutInMinutes": data.get("timeoutInMinutesOverride", build["timeoutInMinutes"]),
        "logs": {"groupName": group, "streamName": stream, "deepLink": f"{link}/log-events/{stream}"},
        _MARK: {"given": data, "looks": LOOKS},
    }


def _batch_get_builds(data):
    found = [each for each in data.get("ids", []) if each in codebuild._builds]
    for each in found:
        _look(codebuild._builds[each])
    missing = [each for each in data.get("ids", []) if each not in found]
    return json_response({"builds": [_shown(codebuild._builds[each]) for each in found], "buildsNotFound": missing})


def _stop_build(data):
    build = codebuild._builds.get(data.get("id", ""))
    if build is None:
        return _missing(f"Build cannot be found: {data.get('id')}")
    if build["buildStatus"] == "IN_PROGRESS":
        _end(build, "STOPPED", build["currentPhase"])
    return json_response({"build": _shown(build)})


def _list_builds_for_project(data):
    name = data.get("projectName", "")
    if name not in codebuild._projects:
        return _missing(f"Project cannot be found: {codebuild._project_arn(name)}")
    return _ids(data, lambda build: build["projectName"] == name)


def _ids(data, wanted):
    found = [each for each in codebuild._builds.values() if wanted(each)]
    found.sort(key=lambda build: build["startTime"], reverse=data.get("sortOrder", "DESCENDING") == "DESCENDING")
    items, following = page([each["id"] for each in found], data.get("nextToken"), None, BUILDS_PER_PAGE)
    return json_response({"ids": items} | ({"nextToken": following} if following else {}))


def _look(build: dict) -> None:
    if build["buildStatus"] != "IN_PROGRESS":
        return
    lasts, failing = _plan(build["source"].get("buildspec") or "")
    elapsed, mark = time.time() - build["startTime"], build[_MARK]
    mark["looks"] = max(0, mark["looks"] - 1)
    if elapsed > 60 * build["timeoutInMinutes"]:
        _end(build, "TIMED_OUT", "BUILD")
    elif mark["looks"] or elapsed < lasts:
        _reach(build, "PROVISIONING" if mark["looks"] > 1 else "BUILD")
    elif failing:
        _end(build, "FAILED", *failing)
    else:
        _reach(build, "COMPLETED")
        build |= {"buildStatus": "SUCCEEDED", "buildComplete": True, "endTime": time.time()}


def _plan(buildspec: str) -> tuple[float, tuple[str, str] | None]:
    """How long the build lasts, and the phase and command that fail it."""
    try:
        phases = (yaml.safe_load(buildspec) or {}).get("phases") or {}
    except (yaml.YAMLError, AttributeError):
        return 0, ("DOWNLOAD_SOURCE", "YAML_FILE_ERROR")
    lasts = 0.0
    for name in OF_BUILDSPEC:
        for command in (phases.get(name.lower()) or {}).get("commands") or []:
            for line in str(command).splitlines():
                if paused := re.fullmatch(r"\s*sleep (\d+(\.\d+)?)\s*", line):
                    lasts += float(paused[1])
                if re.fullmatch(r"\s*exit [1-9]\d*\s*", line):
                    return lasts, (name, line.strip())
    return lasts, None


def _reach(build: dict, phase: str) -> None:
    """Goes through the phases up to this one, which is going on unless it is the last."""
    everything, now = (*BEFORE, *OF_BUILDSPEC, *AFTER), time.time()
    passed = everything[: everything.index(phase)]
    build["currentPhase"] = phase
    build["phases"] = [_phase(each, build["startTime"], now, "SUCCEEDED") for each in passed] + [_phase(phase, now)]


def _end(build: dict, status: str, phase: str, command: str = "") -> None:
    _reach(build, phase)
    last, now = build["phases"][-1], time.time()
    last |= {"phaseStatus": status, "endTime": now}
    if command == "YAML_FILE_ERROR":
        last["contexts"] = [{"statusCode": command, "message": "The buildspec cannot be read."}]
    elif command:
        reason = f"Error while executing command: {command}. Reason: exit status {command.partition(' ')[2]}"
        last["contexts"] = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": reason}]
    build["phases"] += [_phase("FINALIZING", now, now, "SUCCEEDED"), _phase("COMPLETED", now)]
    build |= {"buildStatus": status, "buildComplete": True, "currentPhase": "COMPLETED", "endTime": now}


def _phase(name: str, start: float, end: float | None = None, status: str | None = None) -> dict:
    times = {"endTime": end, "durationInSeconds": int(end - start)} if end else {}
    return {"phaseType": name, "startTime": start, **times} | ({"phaseStatus": status} if status else {})


def _shown(build: dict) -> dict:
    return copy.deepcopy({key: value for key, value in build.items() if key != _MARK})


def _missing(message: str):
    return codebuild.error_response_json("ResourceNotFoundException", message, 400)
