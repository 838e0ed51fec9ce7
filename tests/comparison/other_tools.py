"""Runs Prowler, Cloud Custodian and Checkov over the resources of the edge cases, and reads what they say."""

import csv
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from edge_cases import FAIL, PASS, UNKNOWN, Case, InTemplate, any_is

STATUSES = {"PASS": PASS, "FAIL": FAIL, "MANUAL": UNKNOWN}
CUSTODIAN_TYPES = {
    "TrainingJob": "sagemaker-job",
    "ProcessingJob": "sagemaker-processing-job",
    "EndpointConfig": "sagemaker-endpoint-config",
    "NotebookInstance": "sagemaker-notebook",
    "Model": "sagemaker-model",
    "DataQualityJobDefinition": "sagemaker-data-quality-job-definition",
    "Domain": "sagemaker-domain",
}


class ToolError(Exception):
    """A tool did not do what it was asked for."""


class Tool:
    """A tool in a virtual environment of its own; `work` is a folder that it may write to."""

    def __init__(self, programs: Path, work: Path, environment: dict[str, str]):
        self.programs, self.work = programs, work
        # The caller's credentials and profiles must not reach the tools: they would look into a real account.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        self.environment = {**kept, **environment, "HOME": str(work), "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1"}
        work.mkdir(parents=True)

    def run(self, *words: str, codes: Iterable[int] = (0,)) -> str:
        command = [str(self.programs / words[0]), *words[1:]]
        done = subprocess.run(command, cwd=self.work, env=self.environment, capture_output=True, text=True)
        if done.returncode not in codes:
            raise ToolError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def version(self, package: str) -> str:
        return self.run("python", "-c", f"import importlib.metadata as m; print(m.version('{package}'))").strip()


def prowler(tool: Tool, cases: list[Case], arns: dict[str, str], region: str) -> dict[str, dict]:
    """By case: the status of the check that looks at it, and its words."""
    checks = sorted({case.prowler for case in cases if case.prowler})
    tool.run(
        *("prowler", "aws", "--region", region, "--no-banner", "--ignore-exit-code-3"),
        *("--output-formats", "csv", "--output-directory", str(tool.work), "--output-filename", "found"),
        *("--checks", *checks),
    )
    with (tool.work / "found.csv").open(newline="") as file:
        found = {(row["CHECK_ID"], row["RESOURCE_UID"]): row for row in csv.DictReader(file, delimiter=";")}
    said = {}
    for case in cases:
        if case.prowler:
            row = found.get((case.prowler, arns[case.name]))
            if row is None:
                raise ToolError(f"{case.prowler} says nothing of {case.name}")
            said[case.name] = {"rule": case.prowler, "verdict": STATUSES[row["STATUS"]], "says": row["STATUS_EXTENDED"]}
    return said


def custodian(tool: Tool, cases: list[Case], arns: dict[str, str], region: str) -> dict[str, dict]:
    """By case: whether its filter finds the resource, which is a failure; a filter knows no third verdict."""
    policies = [
        {
            "name": case.name,
            "resource": f"aws.{CUSTODIAN_TYPES[case.noun]}",
            "filters": [any_is("values(@)", arns[case.name]), case.custodian],
        }
        for case in cases
        if case.custodian
    ]
    (tool.work / "policies.json").write_text(json.dumps({"policies": policies}))
    tool.run(
        *("custodian", "run", "--dryrun", "--region", region, "--cache-period", "0"),
        *("--output-dir", "out", "policies.json"),
    )
    said = {}
    for case in cases:
        if case.custodian:
            found = json.loads((tool.work / "out" / case.name / "resources.json").read_text())
            said[case.name] = {"rule": filter_text(case.custodian), "verdict": FAIL if found else PASS}
    return said


def filter_text(given: dict) -> str:
    """A filter as one reads it."""
    if "not" in given:
        return f"not ({filter_text(given['not'][0])})"
    kind = "" if given["type"] == "value" else f"{given['type']} "
    value = given["value"] if given["value"] == "empty" else json.dumps(given["value"])
    return f"{kind}{given['key']} {given.get('op', 'is')} {value}"


def checkov(tool: Tool, cases: list[Case]) -> dict[str, list[dict]]:
    """By case: the result of each rule that looks at its template."""
    templates = {case.name: case.checkov for case in cases if case.checkov}
    for name, given in templates.items():
        (tool.work / name).mkdir()
        file = tool.work / name / ("main.tf" if given.framework == "terraform" else "template.json")
        file.write_text(template(given))
    rules = sorted({rule for given in templates.values() for rule in given.rules})
    answer = tool.run(
        *("checkov", "--directory", ".", "--framework", "terraform", "cloudformation", "--output", "json"),
        *("--check", ",".join(rules), "--skip-download"),
        codes=(0, 1),
    )
    found = {
        (Path(each["file_path"]).parent.name, each["check_id"]): verdict
        for report in json.loads(answer)
        for verdict, kept in ((PASS, "passed_checks"), (FAIL, "failed_checks"))
        for each in report["results"][kept]
    }
    said = {}
    for name, given in templates.items():
        silent = [rule for rule in given.rules if (name, rule) not in found]
        if silent:
            raise ToolError(f"checkov's {', '.join(silent)} says nothing of {name}")
        said[name] = [
            {"rule": rule, "framework": given.framework, "verdict": found[name, rule]} for rule in given.rules
        ]
    return said


def template(given: InTemplate) -> str:
    if given.framework == "terraform":
        return f'resource "{given.kind}" "compared" {{\n{_blocks(given.members)}}}\n'
    resources = {"Compared": {"Type": given.kind, "Properties": given.members}}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=2)


def _blocks(members: dict) -> str:
    lines = []
    for name, value in members.items():
        if isinstance(value, list):
            lines += [f"{name} {{\n{_blocks(each)}}}\n" for each in value]
        else:
            lines.append(f"{name} = {json.dumps(value)}\n")
    return "".join(lines)
