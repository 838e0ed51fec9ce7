"""Security Hub's findings, taken and given back by the service's rules; moto takes anything and filters nothing."""

import json
import re
from datetime import datetime, timezone

import faults
from botocore.utils import parse_timestamp
from moto.securityhub.models import Finding, SecurityHubBackend
from moto.securityhub.responses import SecurityHubResponse
from service_model import Refused, supplement
from shapes import enumeration_faults, faults_in, model_of, page

MOST_FINDINGS, LARGEST_FINDING = 100, 240 * 1024
SCHEMA = "2018-10-08"
# An import makes them once; afterwards only the user of Security Hub changes them.
OF_THE_USER = ("Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState")
# An import says them in FindingProviderFields, once the finding is there.
OF_THE_PROVIDER = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
# What a filter is on, where that is not the member of its name.
FILTERED = {
    "Type": "Types",
    "ComplianceStatus": "Compliance.Status",
    "ComplianceSecurityControlId": "Compliance.SecurityControlId",
    "WorkflowStatus": "Workflow.Status",
    "SeverityLabel": "Severity.Label",
    "ResourceId": "Resources.Id",
    "ResourceType": "Resources.Type",
    "ResourceRegion": "Resources.Region",
    "RecommendationText": "Remediation.Recommendation.Text",
}
COMPARISONS = {
    "EQUALS": lambda there, value: there == value,
    "PREFIX": lambda there, value: there.startswith(value),
    "CONTAINS": lambda there, value: value in there,
}
UNWANTED = {"NOT_EQUALS": "EQUALS", "PREFIX_NOT_EQUALS": "PREFIX", "NOT_CONTAINS": "CONTAINS"}


def operation(name: str):
    # A finding with a value that does not exist is refused alone.
    return supplement(SecurityHubResponse, "securityhub", name, "InvalidInputException", enumerations=False)


@operation("BatchImportFindings")
def _import(response, parameters) -> dict:
    backend, given = _enabled(response), parameters["Findings"]
    if not 1 <= len(given) <= MOST_FINDINGS:
        raise _invalid(f"data.Findings must have between 1 and {MOST_FINDINGS} items, not {len(given)}")
    product = f"arn:{backend.partition}:securityhub:{backend.region_name}:{backend.account_id}"
    product += f":product/{backend.account_id}/default"
    for each in given:
        if each["ProductArn"] != product:
            caller = f"arn:{backend.partition}:iam::{backend.account_id}:root"
            action = f"securityhub:BatchImportFindings on resource: {each['ProductArn']}"
            raise Refused("AccessDeniedException", f"User: {caller} is not authorized to perform: {action}")
    fault = faults.of_items(backend.account_id, "securityhub", "BatchImportFindings")
    failed, known = [], {each.id: each for each in backend.findings}
    for number, each in enumerate(given):
        if fault and number < fault.items:
            failed.append({"Id": each["Id"], "ErrorCode": fault.error, "ErrorMessage": fault.message})
        elif problem := _problem(each, backend.account_id):
            failed.append({"Id": each["Id"], "ErrorCode": "InvalidInput", "ErrorMessage": problem})
        else:
            _take(backend, known, each)
    return {"FailedCount": len(failed), "SuccessCount": len(given) - len(failed), "FailedFindings": failed}


@operation("GetFindings")
def _get(response, parameters) -> dict:
    backend = _enabled(response)
    filters = parameters.get("Filters", {})
    found = [each.data for each in backend.findings if _passes(each.data, filters)]
    for criterion in reversed(parameters.get("SortCriteria", [])):
        path = FILTERED.get(criterion["Field"], criterion["Field"])
        found.sort(key=lambda each, path=path: _values(each, path), reverse=criterion.get("SortOrder") == "desc")
    size = parameters.get("MaxResults", MOST_FINDINGS)
    if not 1 <= size <= MOST_FINDINGS:
        raise _invalid(f"MaxResults must be between 1 and {MOST_FINDINGS}")
    items, following = page(found, parameters.get("NextToken"), size, MOST_FINDINGS)
    return {"Findings": items} | ({"NextToken": following} if following else {})


def _enabled(response) -> SecurityHubBackend:
    backend = response.securityhub_backend
    if not backend.enabled:
        raise Refused("InvalidAccessException", f"Account {backend.account_id} is not subscribed to AWS Security Hub")
    return backend


def _problem(finding: dict, account: str) -> str | None:
    """Why a finding is not taken, if that is so."""
    shape = model_of("securityhub").operation_model("BatchImportFindings").input_shape.members["Findings"].member
    wrong = faults_in(finding, shape) or enumeration_faults(finding, shape)
    times = ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt", "ProcessedAt")
    wrong = wrong or "; ".join(f"{name} is no time: {finding[name]}" for name in times if not _is_time(finding, name))
    if wrong:
        return f"Finding does not adhere to Amazon Finding Format. {wrong}"
    if finding["SchemaVersion"] != SCHEMA:
        return f"Finding does not adhere to Amazon Finding Format. SchemaVersion should be {SCHEMA}."
    if not finding["Resources"]:
        return "Finding does not adhere to Amazon Finding Format. data.Resources should NOT have fewer than 1 items."
    if finding["AwsAccountId"] != account:
        return f"AwsAccountId {finding['AwsAccountId']} is not the account of the caller, {account}."
    limits = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}
    long = [name for name, limit in limits.items() if not 1 <= len(finding[name]) <= limit]
    if long:
        return f"Finding does not adhere to Amazon Finding Format. The length of {', '.join(long)} is out of bounds."
    if not 1 <= len(finding.get("Types", ["one"])) <= 50 or len(finding.get("ProductFields", {})) > 50:
        return "Finding does not adhere to Amazon Finding Format. Types and ProductFields have at most 50 items."
    size = len(json.dumps(finding, ensure_ascii=False).encode())
    return f"Finding is larger than {LARGEST_FINDING} bytes: {size}" if size > LARGEST_FINDING else None


def _is_time(finding: dict, name: str) -> bool:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"
    return name not in finding or bool(re.fullmatch(pattern, finding[name]))


def _take(backend: SecurityHubBackend, findings: dict[str, Finding], given: dict) -> None:
    """Makes a finding, or changes the one of its id: by what is later only, and not what is the user's."""
    known = findings.get(given["Id"])
    provider = {name: given[name] for name in OF_THE_PROVIDER if name in given}
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if known is None:
        made = {
            "RecordState": "ACTIVE",
            "Workflow": {"Status": "NEW"},
            "WorkflowState": "NEW",
            "Region": backend.region_name,
            "CompanyName": "Personal",
            "ProductName": "Default",
            "FindingProviderFields": provider,
        }
        findings[given["Id"]] = Finding(given["Id"], made | given | {"ProcessedAt": now})
        backend.findings.append(findings[given["Id"]])
        return
    if parse_timestamp(given["UpdatedAt"]) <= parse_timestamp(known.data["UpdatedAt"]):
        return
    said = given.get("FindingProviderFields", {})
    changed = {name: value for name, value in given.items() if name not in (*OF_THE_USER, *OF_THE_PROVIDER)}
    if said:
        changed |= {name: said[name] for name in OF_THE_PROVIDER if name in said}
        changed["FindingProviderFields"] = known.data["FindingProviderFields"] | said
    known.data |= changed | {"ProcessedAt": now}


def _passes(finding: dict, filters: dict) -> bool:
    """One of each filter's wanted values has to be there, and none of its unwanted ones."""
    for name, conditions in filters.items():
        if not all(set(each) == {"Value", "Comparison"} for each in conditions):
            raise _invalid(f"the local cloud knows no filter of this form: {name}: {conditions}")
        path = FILTERED.get(name, name)
        if path == name and name not in _members():
            raise _invalid(f"the local cloud does not know the filter {name}")
        there = _values(finding, path)
        wanted = [each for each in conditions if each["Comparison"] not in UNWANTED]
        unwanted = [each for each in conditions if each["Comparison"] in UNWANTED]
        if wanted and not any(_is(there, each["Comparison"], each["Value"]) for each in wanted):
            return False
        if any(_is(there, UNWANTED[each["Comparison"]], each["Value"]) for each in unwanted):
            return False
    return True


def _is(there: list[str], comparison: str, value: str) -> bool:
    return any(COMPARISONS[comparison](each, value) for each in there)


def _values(value: object, path: str) -> list[str]:
    """All that is at a path, of every item of the lists on the way."""
    if isinstance(value, list):
        return [found for each in value for found in _values(each, path)]
    if not path:
        return [str(value)]
    first, _, rest = path.partition(".")
    return _values(value[first], rest) if isinstance(value, dict) and first in value else []


def _members() -> set[str]:
    return set(model_of("securityhub").shape_for("AwsSecurityFinding").members)


def _invalid(message: str) -> Refused:
    return Refused("InvalidInputException", message)
