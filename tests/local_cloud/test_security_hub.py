"""Security Hub as a control sees it: findings are taken by the rules of the Amazon Security Finding Format."""

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import REGION
from shapes import faults_in, model_of

ACCOUNT = "111111111111"
PRODUCT = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"


def finding(number: int = 1, **changed: object) -> dict:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding/{number}",
        "ProductArn": PRODUCT,
        "GeneratorId": "notebook-no-direct-internet",
        "AwsAccountId": ACCOUNT,
        "CreatedAt": "2024-01-01T00:00:00Z",
        "UpdatedAt": "2024-01-01T00:00:00Z",
        "Title": "title",
        "Description": "description",
        "Severity": {"Label": "HIGH"},
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "Compliance": {"Status": "FAILED"},
        "Resources": [{"Type": "Other", "Id": f"arn:aws:sagemaker:{REGION}:222222222222:notebook-instance/{number}"}],
        **changed,
    }


def equals(value: str) -> list[dict]:
    return [{"Value": value, "Comparison": "EQUALS"}]


@pytest.fixture
def security_hub(moto):
    client = moto("securityhub")
    client.enable_security_hub()
    return client


def imported(client, *findings: dict) -> dict:
    answer = client.batch_import_findings(Findings=list(findings))
    answer.pop("ResponseMetadata")
    assert faults_in(answer, model_of("securityhub").operation_model("BatchImportFindings").output_shape) == ""
    return answer


def test_nothing_is_taken_where_it_is_not_enabled(moto):
    client = moto("securityhub")
    for call in (lambda: imported(client, finding()), client.get_findings):
        with pytest.raises(ClientError, match="InvalidAccessException"):
            call()
    client.enable_security_hub()
    assert imported(client, finding())["SuccessCount"] == 1
    client.disable_security_hub()
    with pytest.raises(ClientError, match="InvalidAccessException"):
        client.get_findings()


def test_findings_are_given_back_in_pages_and_by_filters(security_hub):
    for first in (0, 100, 200):
        wanted = [finding(first + number, Severity={"Label": ("LOW", "HIGH")[number % 2]}) for number in range(100)]
        assert imported(security_hub, *wanted)["SuccessCount"] == 100
    pages = list(security_hub.get_paginator("get_findings").paginate(PaginationConfig={"PageSize": 70}))
    assert [len(page["Findings"]) for page in pages] == [70, 70, 70, 70, 20]
    shape = model_of("securityhub").operation_model("GetFindings").output_shape
    assert faults_in({"Findings": pages[0]["Findings"]}, shape) == ""
    high = security_hub.get_findings(Filters={"SeverityLabel": equals("HIGH")}, MaxResults=100)
    assert {each["Severity"]["Label"] for each in high["Findings"]} == {"HIGH"} and "NextToken" in high
    one = {"ResourceId": [{"Value": f"arn:aws:sagemaker:{REGION}:222222222222:note", "Comparison": "PREFIX"}]}
    one |= {"Id": equals("finding/7"), "ComplianceStatus": equals("FAILED"), "WorkflowStatus": equals("NEW")}
    assert [each["Id"] for each in security_hub.get_findings(Filters=one)["Findings"]] == ["finding/7"]
    others = {"Id": [{"Value": "finding/", "Comparison": "PREFIX_NOT_EQUALS"}]}
    assert security_hub.get_findings(Filters=others)["Findings"] == []
    with pytest.raises(ClientError, match="InvalidInputException"):
        security_hub.get_findings(Filters={"NetworkSourcePort": [{"Eq": 1.0}]})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Severity": {"Label": "WORST"}}, "WORST"),
        ({"Resources": []}, "Resources"),
        ({"SchemaVersion": "2018-10-09"}, "SchemaVersion"),
        ({"AwsAccountId": "222222222222"}, "222222222222"),
        ({"UpdatedAt": "yesterday"}, "UpdatedAt"),
        ({"Title": "t" * 257}, "Title"),
        ({"Compliance": {"Status": "UNKNOWN"}}, "UNKNOWN"),
        ({"ProductFields": {str(number): "value" for number in range(51)}}, "50 items"),
        ({"ProductFields": {"long": "v" * 240 * 1024}}, "larger"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_finding_that_breaks_the_rules_fails_alone(security_hub, changed, why):
    answer = imported(security_hub, finding(1), finding(2, **changed))
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1)
    (failed,) = answer["FailedFindings"]
    assert failed["Id"] == "finding/2" and why in failed["ErrorMessage"]
    assert [each["Id"] for each in security_hub.get_findings()["Findings"]] == ["finding/1"]


def test_a_call_is_refused_for_too_many_findings_and_for_anothers_product(security_hub):
    with pytest.raises(ClientError, match="InvalidInputException"):
        imported(security_hub, *(finding(number) for number in range(101)))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        imported(security_hub, finding(ProductArn=PRODUCT.replace(ACCOUNT, "222222222222")))


def test_an_import_changes_what_is_older_and_nothing_of_the_users(security_hub):
    imported(security_hub, finding())
    only = lambda: security_hub.get_findings()["Findings"][0]  # noqa: E731
    assert (only()["RecordState"], only()["Workflow"]["Status"]) == ("ACTIVE", "NEW")
    passed = {"Compliance": {"Status": "PASSED"}, "Workflow": {"Status": "SUPPRESSED"}, "Severity": {"Label": "LOW"}}
    for earlier in ("2023-12-31T23:59:59Z", "2024-01-01T00:00:00.000Z"):
        assert imported(security_hub, finding(UpdatedAt=earlier, **passed))["SuccessCount"] == 1
        assert only()["Compliance"]["Status"] == "FAILED", "what comes late is taken and ignored"
    imported(security_hub, finding(UpdatedAt="2024-01-01T00:00:01Z", RecordState="ARCHIVED", **passed))
    assert (only()["Compliance"]["Status"], only()["RecordState"]) == ("PASSED", "ARCHIVED")
    assert (only()["Workflow"]["Status"], only()["Severity"]["Label"]) == ("NEW", "HIGH")
    said = {"FindingProviderFields": {"Severity": {"Label": "LOW"}}}
    imported(security_hub, finding(UpdatedAt="2024-01-01T00:00:02Z", **said))
    assert only()["Severity"]["Label"] == "LOW"


def test_some_findings_of_a_call_can_be_made_to_fail(security_hub, state):
    fault = {"account": ACCOUNT, "service": "securityhub", "operation": "BatchImportFindings", "items": 2, "times": 1}
    body = json.dumps([fault | {"error": "InternalFailure"}]).encode()
    request = urllib.request.Request(state["moto"]["url"] + "/local-cloud/faults", data=body)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()
    wanted = [finding(number) for number in range(5)]
    answer = imported(security_hub, *wanted)
    assert [each["Id"] for each in answer["FailedFindings"]] == ["finding/0", "finding/1"]
    assert {each["ErrorCode"] for each in answer["FailedFindings"]} == {"InternalFailure"}
    assert imported(security_hub, *wanted)["FailedCount"] == 0
    assert len(security_hub.get_findings()["Findings"]) == 5
