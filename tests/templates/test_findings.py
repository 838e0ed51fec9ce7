"""The findings that the controls make are what Security Hub takes: its service model, and the limits that only its documents have."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

REPOSITORY = Path(__file__).resolve().parents[2]
# A Rust test holds them equal to what the code makes.
SAMPLES = {
    each["name"]: each["finding"]
    for each in map(json.loads, (REPOSITORY / "shared/findings/tests/findings/samples.jsonl").read_text().splitlines())
}
IMPORT = Session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
FINDING = IMPORT.members["Findings"].member
# RFC 3339 with at most nine digits after the second.
TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})"
# In characters, from 1 on.
LONGEST = {
    "Id": 512,
    "ProductArn": 2048,
    "ProductName": 128,
    "GeneratorId": 512,
    "Title": 256,
    "Description": 1024,
    "Severity.Original": 64,
    "FindingProviderFields.Severity.Original": 64,
    "Remediation.Recommendation.Text": 512,
    "Resources.Type": 256,
    "Resources.Id": 512,
    "Resources.Region": 16,
    "Compliance.RelatedRequirements": 64,
    "Compliance.StatusReasons.Description": 1024,
}
MOST = {"Types": 50, "FindingProviderFields.Types": 50, "Resources": 32, "Compliance.RelatedRequirements": 32}
# Pairs, characters of a key, characters of a value. Of other details a key has fewer than 128 and a value fewer than 1024.
MAPS = {"ProductFields": (50, 128, 2048), "Resources.Tags": (50, 128, 256), "Resources.Details.Other": (50, 127, 1023)}
# What people work with once a finding is there.
PEOPLES = {"Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState"}


def faults(finding):
    mistyped = ParamValidator().validate({"Findings": [finding]}, IMPORT).generate_report()
    if mistyped:
        return [mistyped]
    found = list(of_shape(finding, FINDING, ""))
    if len(json.dumps(finding, ensure_ascii=False).encode()) > 240 * 1024:
        found.append("is larger than 240 KB")
    found += [f"{name} is people's" for name in PEOPLES & finding.keys()]
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        if not re.fullmatch(TIME, finding.get(name, "")):
            found.append(f"{name} is no time")
    for name in finding.get("Types", []) + finding.get("FindingProviderFields", {}).get("Types", []):
        if not re.fullmatch(r"Software and Configuration Checks(/[^/]+){0,2}", name):
            found.append(f"{name} is no type")
    account = finding.get("AwsAccountId", "")
    if not re.fullmatch(rf"arn:aws[a-z-]*:securityhub:[a-z0-9-]+:{account}:product/{account}/default", finding.get("ProductArn", "")):
        found.append("ProductArn is not that of the account's own product")
    if not re.fullmatch(r"\d{12}", account):
        found.append("AwsAccountId is no account")
    return found


def of_shape(value, shape, path):
    """What the parameter validator of botocore lets pass: unknown members, words, patterns, and what the documents add."""
    if shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is unknown"
            else:
                yield from of_shape(member, shape.members[name], f"{path}.{name}".lstrip("."))
    elif shape.type_name == "list":
        if not 1 <= len(value) <= MOST.get(path, 100):
            yield f"{path} has {len(value)} items"
        for item in value:
            yield from of_shape(item, shape.member, path)
    elif shape.type_name == "map":
        pairs, longest_key, longest_value = MAPS[path]
        if not 1 <= len(value) <= pairs:
            yield f"{path} has {len(value)} pairs"
        for key, text in value.items():
            if len(key) > longest_key or len(text) > longest_value:
                yield f"{path}.{key} has a key of {len(key)} and a value of {len(text)} characters"
            yield from of_shape(key, shape.key, f"{path}.{key}")
            yield from of_shape(text, shape.value, f"{path}.{key}")
    elif shape.type_name == "string":
        if len(value) > LONGEST.get(path, 10_000):
            yield f"{path} has {len(value)} characters"
        if shape.enum and value not in shape.enum:
            yield f"{path} is {value}"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{path} is blank or of several lines"


@pytest.mark.parametrize("finding", SAMPLES.values(), ids=SAMPLES)
def test_a_finding_is_one_that_security_hub_takes(finding):
    assert not faults(finding)


def test_every_control_has_a_sample_and_every_status_and_state_is_among_them():
    controls = {path.stem.replace("_", "-") for path in (REPOSITORY / "shared/controls/src/control").glob("*.rs")}
    assert controls <= {finding["GeneratorId"] for finding in SAMPLES.values()}
    statuses = {finding["Compliance"]["Status"] for finding in SAMPLES.values()}
    assert statuses == {"PASSED", "FAILED", "WARNING", "NOT_AVAILABLE"}
    assert {finding["RecordState"] for finding in SAMPLES.values()} == {"ACTIVE", "ARCHIVED"}
    assert {finding["Resources"][0]["Type"] for finding in SAMPLES.values()} == {"AwsSageMakerNotebookInstance", "Other"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Severity.Label", "WORST"),
        ("Colour", "blue"),
        ("Title", "x" * 257),
        ("Title", " "),
        ("Description", "two\nlines"),
        ("Description", 7),
        ("UpdatedAt", "2026-03-01"),
        ("Types", ["Checks"]),
        ("AwsAccountId", "111111111111"),
        ("Workflow", {"Status": "NEW"}),
        ("Resources", []),
        ("Compliance.Status", "pass"),
        ("Compliance.RelatedRequirements", ["x"] * 33),
        ("Compliance.RelatedRequirements", ["x" * 65]),
        ("ProductFields", {f"key-{number}": "x" for number in range(51)}),
        ("ProductFields", {"key": "x" * 250_000}),
    ],
)
def test_one_that_is_wrong_is_found_out(path, value):
    finding = deepcopy(SAMPLES["NotebookInstance fails"])
    *parents, name = path.split(".")
    holder = finding
    for parent in parents:
        holder = holder[parent]
    holder[name] = value
    assert faults(finding)
