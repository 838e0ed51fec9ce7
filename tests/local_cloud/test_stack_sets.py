import json
import urllib.error
import urllib.request

import accounts
import pytest
from botocore.exceptions import ClientError
from conftest import HERE, REGION, as_parameters, eventually

ALL_AT_ONCE = {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100}
TEMPLATE = (HERE / "endpoint.yaml").read_text()
PACKAGE = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/group/1"


def values(version: str, **more: str) -> list[dict]:
    return as_parameters(EndpointName="fraud", ModelPackageArn=PACKAGE, Version=version, **more)


class Set:
    """A stack set of one endpoint, and a way to wait for its operations."""

    def __init__(self, moto, **options):
        self.moto, self.api, self.name = moto, moto("cloudformation"), "endpoints"
        self.api.create_stack_set(StackSetName=self.name, TemplateBody=TEMPLATE, Parameters=values("1"), **options)

    def run(self, operation: str, preferences: dict | None = None, **parameters) -> tuple[str, dict[str, dict]]:
        """The operation's status, and its result by account."""
        given = {"OperationPreferences": preferences or ALL_AT_ONCE, **parameters}
        identifier = getattr(self.api, operation)(StackSetName=self.name, **given)["OperationId"]
        asked = {"StackSetName": self.name, "OperationId": identifier}
        describe = lambda: self.api.describe_stack_set_operation(**asked)["StackSetOperation"]  # noqa: E731
        ended = eventually(lambda: (found := describe())["Status"] not in ("RUNNING", "QUEUED") and found)
        assert ended["EndTimestamp"] >= ended["CreationTimestamp"]
        pages = self.api.get_paginator("list_stack_set_operation_results").paginate(**asked)
        return ended["Status"], {each["Account"]: each for page in pages for each in page["Summaries"]}

    def create(self, targets, **parameters):
        return self.run("create_stack_instances", Accounts=targets, Regions=[REGION], **parameters)

    def update(self, version, **parameters):
        more = parameters.pop("more", {})
        return self.run("update_stack_set", UsePreviousTemplate=True, Parameters=values(version, **more), **parameters)

    def delete(self, targets, **parameters):
        return self.run("delete_stack_instances", Accounts=targets, Regions=[REGION], RetainStacks=False, **parameters)

    def instances(self) -> dict[str, dict]:
        pages = self.api.get_paginator("list_stack_instances").paginate(StackSetName=self.name)
        return {each["Account"]: each for page in pages for each in page["Summaries"]}

    def live(self, account: str) -> str | None:
        """The configuration that serves in an account, as its own administrator sees it."""
        try:
            endpoint = self.moto("sagemaker", account).describe_endpoint(EndpointName="fraud")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException"
            return None
        assert endpoint["EndpointStatus"] == "InService"
        return endpoint["EndpointConfigName"]

    def left(self, account: str) -> list:
        sagemaker = self.moto("sagemaker", account)
        return (
            sagemaker.list_models()["Models"]
            + sagemaker.list_endpoint_configs()["EndpointConfigs"]
            + sagemaker.list_endpoints()["Endpoints"]
        )


@pytest.fixture
def endpoints(moto, targets) -> Set:
    return Set(moto)


@pytest.fixture
def inject(state):
    def post(faults: object) -> tuple[int, str]:
        body = json.dumps(faults).encode()
        request = urllib.request.Request(state["moto"]["url"] + "/local-cloud/faults", data=body, method="POST")
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return post


def test_instances_are_made_updated_and_deleted_in_every_account(endpoints, targets):
    status, results = endpoints.create(targets)
    assert (status, {each["Status"] for each in results.values()}) == ("SUCCEEDED", {"SUCCEEDED"})
    assert set(results) == set(targets)
    assert [endpoints.live(each) for each in targets] == ["fraud-v1"] * 4
    model = endpoints.moto("sagemaker", targets[0]).describe_model(ModelName="fraud-v1")
    assert model["EnableNetworkIsolation"] is True
    assert model["Containers"][0]["ModelPackageName"] == PACKAGE
    assert model["ExecutionRoleArn"] == f"arn:aws:iam::{targets[0]}:role/model"

    created = endpoints.moto("sagemaker", targets[0]).describe_endpoint(EndpointName="fraud")["CreationTime"]
    assert endpoints.update("2")[0] == "SUCCEEDED"
    assert [endpoints.live(each) for each in targets] == ["fraud-v2"] * 4
    assert all(len(endpoints.left(each)) == 3 for each in targets), "the replaced model and configuration are gone"
    after = endpoints.moto("sagemaker", targets[0]).describe_endpoint(EndpointName="fraud")["CreationTime"]
    assert after == created, "the endpoint is updated, not replaced"

    assert endpoints.delete(targets)[0] == "SUCCEEDED"
    assert [endpoints.left(each) for each in targets] == [[]] * 4
    endpoints.api.delete_stack_set(StackSetName="endpoints")
    assert endpoints.api.list_stack_sets(Status="ACTIVE")["Summaries"] == []
    with pytest.raises(endpoints.api.exceptions.StackSetNotFoundException):
        endpoints.api.describe_stack_set(StackSetName="endpoints")


def test_a_stack_set_is_described_as_it_was_given(moto, targets):
    tags = [{"Key": "team", "Value": "fraud"}]
    endpoints = Set(
        moto, Tags=tags, Description="an endpoint", ExecutionRoleName="AWSCloudFormationStackSetExecutionRole"
    )
    described = endpoints.api.describe_stack_set(StackSetName="endpoints")["StackSet"]
    assert (described["Parameters"], described["Tags"], described["Description"]) == (values("1"), tags, "an endpoint")
    assert (described["PermissionModel"], described["Status"]) == ("SELF_MANAGED", "ACTIVE")
    endpoints.create(targets)
    seen = endpoints.api.describe_stack_instance(
        StackSetName="endpoints", StackInstanceAccount=targets[0], StackInstanceRegion=REGION
    )["StackInstance"]
    stack = moto("cloudformation", targets[0]).describe_stacks(StackName=seen["StackId"])["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}["Version"] == "1"
    operations = endpoints.api.list_stack_set_operations(StackSetName="endpoints")["Summaries"]
    assert [(each["Action"], each["Status"]) for each in operations] == [("CREATE", "SUCCEEDED")]
    assert [each["StackSetName"] for each in endpoints.api.list_stack_sets()["Summaries"]] == ["endpoints"]


def test_an_update_of_some_accounts_leaves_the_others_outdated(endpoints, targets):
    endpoints.create(targets)
    status, results = endpoints.update("2", Accounts=targets[:1], Regions=[REGION])
    assert (status, list(results)) == ("SUCCEEDED", targets[:1])
    assert [endpoints.live(each) for each in targets] == ["fraud-v2", "fraud-v1", "fraud-v1", "fraud-v1"]
    assert [endpoints.instances()[each]["Status"] for each in targets] == [
        "CURRENT",
        "OUTDATED",
        "OUTDATED",
        "OUTDATED",
    ]
    assert endpoints.create(targets)[0] == "SUCCEEDED"
    assert [endpoints.live(each) for each in targets] == ["fraud-v2"] * 4, (
        "an instance that is there is brought up to date"
    )


def test_a_failed_update_leaves_the_endpoint_as_it_was(endpoints, targets):
    endpoints.create(targets)
    status, results = endpoints.update("2", more={"InstanceType": "ml.unknown"})
    assert status == "SUCCEEDED", "no more accounts failed than were tolerated"
    assert {each["Status"] for each in results.values()} == {"FAILED"}
    assert "ResourceLogicalId:Config" in results[targets[0]]["StatusReason"]
    assert [endpoints.live(each) for each in targets] == ["fraud-v1"] * 4
    assert all(len(endpoints.left(each)) == 3 for each in targets), "nothing of the failed update is left"


def test_a_replacement_needs_a_new_name(endpoints, targets):
    endpoints.create(targets[:1])
    _, results = endpoints.update("1", more={"InstanceType": "ml.m5.xlarge"})
    assert "custom-named resource requires replacing" in results[targets[0]]["StatusReason"]


def test_beyond_the_failure_tolerance_the_rest_is_cancelled(endpoints, targets, inject):
    inject([{"account": targets[1], "stack_instances": True, "message": "no capacity"}])
    status, results = endpoints.create(targets, preferences={"FailureToleranceCount": 0, "MaxConcurrentCount": 1})
    assert status == "FAILED"
    assert [results[each]["Status"] for each in targets] == ["SUCCEEDED", "FAILED", "CANCELLED", "CANCELLED"]


def test_a_fault_of_stack_instances_fails_one_account_and_spares_the_others(endpoints, targets, inject):
    assert (
        inject([{"account": targets[1], "stack_instances": True, "error": "LimitExceeded", "message": "no capacity"}])[
            0
        ]
        == 200
    )
    _, results = endpoints.create(targets)
    assert [results[each]["Status"] for each in targets] == ["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert results[targets[1]]["StatusReason"] == "no capacity"
    failed = endpoints.instances()[targets[1]]
    assert (failed["Status"], failed["StatusReason"]) == ("OUTDATED", "no capacity")
    assert failed["StackInstanceStatus"]["DetailedStatus"] == "FAILED"
    assert endpoints.live(targets[1]) is None

    inject([])
    assert endpoints.create([targets[1]])[1][targets[1]]["Status"] == "SUCCEEDED"
    assert endpoints.live(targets[1]) == "fraud-v1"


def test_a_fault_of_a_call_hits_callers_and_stacks_of_that_account_only(endpoints, targets, inject):
    refused = {
        "account": targets[0],
        "service": "sagemaker",
        "operation": "CreateEndpoint",
        "error": "ResourceLimitExceeded",
        "message": "no instances left",
    }
    assert inject([refused])[0] == 200
    _, results = endpoints.create(targets[:2])
    assert results[targets[1]]["Status"] == "SUCCEEDED"
    assert results[targets[0]]["StatusReason"].endswith("ResourceStatusReason:no instances left")
    assert endpoints.left(targets[0]) == [], "the stack that failed was rolled back"
    with pytest.raises(ClientError) as error:
        endpoints.moto("sagemaker", targets[0]).create_endpoint(EndpointName="x", EndpointConfigName="y")
    assert error.value.response["Error"]["Code"] == "ResourceLimitExceeded"

    inject([])
    assert endpoints.create(targets[:1])[1][targets[0]]["Status"] == "SUCCEEDED", (
        "a stack that was rolled back is made anew"
    )


def test_a_fault_may_happen_a_number_of_times(moto, state, inject):
    hub = state["account_id"]
    inject(
        [
            {
                "account": hub,
                "service": "sagemaker",
                "operation": "ListModels",
                "error": "ThrottlingException",
                "times": 2,
            }
        ]
    )
    moto("sagemaker").list_models()  # the client tries again
    inject([{"account": hub, "service": "organizations", "operation": "ListRoots", "error": "AccessDeniedException"}])
    with pytest.raises(ClientError, match="AccessDeniedException"):
        moto("organizations").list_roots()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"account": "12345", "stack_instances": True}, "12 digits"),
        ({"account": "*", "service": "sagemaker", "operation": "CreateEndpointt"}, "not an operation"),
        ({"account": "*", "service": "sagemakr", "operation": "CreateEndpoint"}, "not an operation"),
        ({"account": "*", "stack_instance": True}, "unknown: stack_instance"),
        ("text", "unknown"),
    ],
)
def test_a_fault_that_could_never_happen_is_refused(inject, fault, reason):
    status, body = inject([fault])
    assert status == 400
    assert reason in body


def test_an_account_without_the_execution_role_fails_with_the_reason(endpoints, targets, state):
    unprepared = accounts.add_account(state["moto"]["url"], state["organization"]["units"]["staging"], "unprepared")
    _, results = endpoints.create([*targets, unprepared])
    assert results[unprepared]["Status"] == "FAILED"
    assert (
        f"Account {unprepared} should have 'AWSCloudFormationStackSetExecutionRole' role"
        in results[unprepared]["StatusReason"]
    )
    assert results[targets[0]]["Status"] == "SUCCEEDED"


def test_service_managed_stack_sets_follow_the_units(moto, state):
    units, ids = state["organization"]["units"], state["organization"]["accounts"]
    endpoints = Set(moto, PermissionModel="SERVICE_MANAGED", AutoDeployment={"Enabled": False})
    with pytest.raises(ClientError, match="can only have OrganizationalUnit as target"):
        endpoints.create(ids["staging"])
    regions = {"Regions": [REGION]}
    nested = {
        "OrganizationalUnitIds": [units["workloads"]],
        "AccountFilterType": "DIFFERENCE",
        "Accounts": ids["production"][:1],
    }
    status, results = endpoints.run("create_stack_instances", DeploymentTargets=nested, **regions)
    assert (status, set(results)) == ("SUCCEEDED", {*ids["staging"], ids["production"][1]})
    assert endpoints.live(ids["staging"][0]) == "fraud-v1"
    gone = {"OrganizationalUnitIds": [units["workloads"]]}
    endpoints.run("delete_stack_instances", DeploymentTargets=gone, RetainStacks=False, **regions)
    assert endpoints.instances() == {}
    assert endpoints.left(ids["staging"][0]) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"StackSetName": "endpoints"}, "NameAlreadyExistsException"),
        ({"StackSetName": "1-wrong"}, "ValidationError"),
        ({"TemplateBody": "Resources: ["}, "ValidationError"),
        ({"TemplateBody": "x" * 51201}, "ValidationError"),
        ({"Parameters": as_parameters(EndpointName="fraud")}, "ValidationError"),
        ({"Parameters": values("1", Unknown="x")}, "ValidationError"),
        ({"Parameters": values("1", InstanceCount="none")}, "ValidationError"),
        (
            {"TemplateBody": (HERE / "roles.yaml").read_text(), "Parameters": as_parameters(HubAccountId="1")},
            "InsufficientCapabilitiesException",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_a_stack_set_that_aws_refuses_is_refused(endpoints, change, code):
    good = {"StackSetName": "other", "TemplateBody": TEMPLATE, "Parameters": values("1")}
    with pytest.raises(ClientError) as error:
        endpoints.api.create_stack_set(**(good | change))
    assert error.value.response["Error"]["Code"] == code


def test_what_is_not_there_has_its_own_error(endpoints, targets):
    api = endpoints.api
    with pytest.raises(api.exceptions.OperationNotFoundException):
        api.describe_stack_set_operation(StackSetName="endpoints", OperationId="none")
    with pytest.raises(api.exceptions.StackInstanceNotFoundException):
        api.describe_stack_instance(
            StackSetName="endpoints", StackInstanceAccount=targets[0], StackInstanceRegion=REGION
        )
    endpoints.create(targets[:1])
    with pytest.raises(api.exceptions.StackSetNotEmptyException):
        api.delete_stack_set(StackSetName="endpoints")


def test_a_template_may_be_an_object_of_the_hub(endpoints, hub, targets):
    hub("s3").create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
    hub("s3").put_object(Bucket="templates", Key="a/endpoint.yaml", Body=TEMPLATE.encode())
    url = "https://templates.s3.eu-west-1.amazonaws.com/a/endpoint.yaml"
    endpoints.api.create_stack_set(StackSetName="from-s3", TemplateURL=url, Parameters=values("1"))
    assert endpoints.api.describe_stack_set(StackSetName="from-s3")["StackSet"]["TemplateBody"] == TEMPLATE
