"""The endpoint's template, deployed for every kind of endpoint, and what the services then know of it.

The documents are those of the registration; that these parameters come of them, the tests of the deployment crate say.
"""

import json

import pytest
import yaml
from botocore.exceptions import ClientError
from conftest import REPOSITORY, as_parameters

TEMPLATE = (REPOSITORY / "templates" / "model-endpoint.yaml").read_text()
CASES = json.loads((REPOSITORY / "shared" / "deployment" / "tests" / "endpoints.json").read_text())
NAME, PACKAGE = "mlops-churn-prod-01234567", "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/"
TAGS = {"secure-mlops:platform": "mlops", "secure-mlops:stage": "prod"}
SUBNETS, GROUPS = "subnet-11111111,subnet-22222222", "sg-11111111,sg-22222222"
ENDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class _Template(yaml.SafeLoader):
    """Reads what is no intrinsic function as it stands."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: None)
DEFAULTS = {
    name: str(each["Default"])
    for name, each in yaml.load(TEMPLATE, _Template)["Parameters"].items()  # noqa: S506 - derives from SafeLoader
    if "Default" in each
}


class Account:
    """One target account, and the stack of an endpoint in it."""

    def __init__(self, moto, account: str):
        self.client = lambda service: moto(service, account)
        self.id = account
        self.sagemaker, self.cloudformation = self.client("sagemaker"), self.client("cloudformation")

    def deploy(self, case: str | dict, version: int = 1) -> None:
        """Makes the endpoint, or changes it, to what a case of the crate's tests or these parameters say."""
        own = CASES[case]["parameters"] if isinstance(case, str) else case
        values = DEFAULTS | own | {
            "EndpointName": NAME,
            "ConfigurationName": f"{NAME}-v{version}",
            "ModelPackageArn": f"{PACKAGE}{version}",
            "ModelExecutionRoleName": "model",
        }
        exists = any(each["StackName"] == "endpoint" for each in self.cloudformation.describe_stacks()["Stacks"])
        put = self.cloudformation.update_stack if exists else self.cloudformation.create_stack
        tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
        put(StackName="endpoint", TemplateBody=TEMPLATE, Parameters=as_parameters(**values), Tags=tags)
        assert self.stack()["StackStatus"] in ENDS

    def stack(self) -> dict:
        return self.cloudformation.describe_stacks(StackName="endpoint")["Stacks"][0]

    def endpoint(self) -> dict:
        return self.sagemaker.describe_endpoint(EndpointName=NAME)

    def config(self) -> dict:
        return self.sagemaker.describe_endpoint_config(EndpointConfigName=self.endpoint()["EndpointConfigName"])

    def model(self) -> dict:
        return self.sagemaker.describe_model(ModelName=self.endpoint()["EndpointConfigName"])

    def alarms(self, prefix: str = f"{NAME}-") -> dict[str, dict]:
        found = self.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
        return {each["AlarmName"]: each for each in found}

    def targets(self) -> dict[str, tuple[int, int]]:
        scaling = self.client("application-autoscaling")
        found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        return {each["ResourceId"]: (each["MinCapacity"], each["MaxCapacity"]) for each in found}

    def policies(self) -> dict[str, dict]:
        scaling = self.client("application-autoscaling")
        found = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        return {each["PolicyName"]: each for each in found}

    def left(self) -> list:
        return [
            *self.sagemaker.list_endpoints()["Endpoints"],
            *self.sagemaker.list_endpoint_configs()["EndpointConfigs"],
            *self.sagemaker.list_models()["Models"],
            *self.client("cloudwatch").describe_alarms()["MetricAlarms"],
            *self.targets(),
            *self.policies(),
            *self.client("ssm").describe_parameters(
                ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{NAME}"]}]
            )["Parameters"],
        ]


@pytest.fixture
def account(moto, state) -> Account:
    made = Account(moto, state["organization"]["accounts"]["production"][0])
    for name, value in (("private-subnet-ids", SUBNETS), ("security-group-ids", GROUPS)):
        made.client("ssm").put_parameter(Name=f"/team/prod/{name}", Value=value, Type="StringList")
    return made


def wanted_variants(document: dict) -> list[dict]:
    if "serverless" in document:
        given = document["serverless"]
        wanted = {"MemorySizeInMB": given["memoryMb"], "MaxConcurrency": given["maxConcurrency"]}
        if "provisionedConcurrency" in given:
            wanted["ProvisionedConcurrency"] = given["provisionedConcurrency"]
        return [{"VariantName": "AllTraffic", "InitialVariantWeight": 100.0, "ServerlessConfig": wanted}]
    return [
        {
            "VariantName": each["name"],
            "InitialVariantWeight": float(each.get("weight", 100)),
            "InstanceType": each["instance"]["type"],
            "InitialInstanceCount": each["instance"]["count"],
        }
        for each in document["variants"]
    ]


def wanted_answers(document: dict) -> dict | None:
    if "asynchronous" not in document:
        return None
    given = document["asynchronous"]
    pairs = {"S3OutputPath": "outputPath", "S3FailurePath": "failurePath", "KmsKeyId": "keyArn"}
    topics = {"SuccessTopic": "successTopicArn", "ErrorTopic": "errorTopicArn"}
    output = {name: given[key] for name, key in pairs.items() if key in given}
    notified = {name: given[key] for name, key in topics.items() if key in given}
    wanted = {"OutputConfig": output | ({"NotificationConfig": notified} if notified else {})}
    if "maxConcurrentInvocationsPerInstance" in given:
        most = given["maxConcurrentInvocationsPerInstance"]
        wanted["ClientConfig"] = {"MaxConcurrentInvocationsPerInstance": most}
    return wanted


def wanted_capture(document: dict) -> dict | None:
    given = document.get("dataCapture")
    return given and {
        "EnableCapture": True,
        "InitialSamplingPercentage": given["percentage"],
        "DestinationS3Uri": given["destination"],
        "KmsKeyId": given["keyArn"],
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json", "application/jsonlines"],
        },
    }


@pytest.mark.parametrize("case", CASES)
def test_an_endpoint_is_what_its_document_says_and_goes_without_a_trace(account, case):
    document = CASES[case]["endpoint"]
    account.deploy(case)
    endpoint, config, model = account.endpoint(), account.config(), account.model()

    assert endpoint["EndpointStatus"] == "InService"
    variants = [{**each, "ModelName": f"{NAME}-v1"} for each in wanted_variants(document)]
    assert config["ProductionVariants"] == variants
    assert [each["VariantName"] for each in endpoint["ProductionVariants"]] == [v["VariantName"] for v in variants]
    assert config.get("AsyncInferenceConfig") == wanted_answers(document) == endpoint.get("AsyncInferenceConfig")
    assert config.get("DataCaptureConfig") == wanted_capture(document)
    assert config.get("KmsKeyId") == (None if case == "instanceStore" else document.get("volumeKeyArn"))

    assert model["PrimaryContainer"] == {"ModelPackageName": f"{PACKAGE}1"}
    assert model["ExecutionRoleArn"] == f"arn:aws:iam::{account.id}:role/model"
    assert model["EnableNetworkIsolation"] is (document["type"] != "serverless")
    network = {"Subnets": SUBNETS.split(","), "SecurityGroupIds": GROUPS.split(",")} if case == "network" else None
    assert model.get("VpcConfig") == network

    outputs = {each["OutputKey"]: each["OutputValue"] for each in account.stack()["Outputs"]}
    assert outputs == {
        "EndpointArn": endpoint["EndpointArn"],
        "EndpointName": NAME,
        "EndpointConfigName": f"{NAME}-v1",
        "ModelName": f"{NAME}-v1",
    }
    account.cloudformation.delete_stack(StackName="endpoint")
    assert account.left() == []


@pytest.mark.parametrize("case", ["realTime", "canary", "linear", "provisionedConcurrency"])
def test_traffic_shifts_as_said_and_alarms_take_it_back(account, case):
    document = CASES[case]["endpoint"]
    account.deploy(case)
    shown = account.endpoint().get("LastDeploymentConfig")
    if case == "realTime":
        assert (shown, account.alarms()) == (None, {})
        return
    routing = shown["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    if case == "canary":
        steps = {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            "WaitIntervalInSeconds": 300,
        }
        assert shown["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 120
        assert shown["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] == 3600
    elif case == "linear":
        steps = {
            "Type": "LINEAR",
            "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            "WaitIntervalInSeconds": 60,
        }
    else:
        steps = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 300}
    assert routing == steps
    alarms = account.alarms()
    assert sorted(alarms) == sorted(each["AlarmName"] for each in shown["AutoRollbackConfiguration"]["Alarms"])
    variants = [each["VariantName"] for each in wanted_variants(document)]
    limits = document["alarms"]
    assert len(alarms) == len(variants) * len(limits)
    for variant in variants:
        errors = alarms[f"{NAME}-{variant}-server-errors"]
        assert (errors["MetricName"], errors["Statistic"]) == ("Invocation5XXErrors", "Sum")
        dimensions = {each["Name"]: each["Value"] for each in errors["Dimensions"]}
        assert dimensions == {"EndpointName": NAME, "VariantName": variant}
        assert errors["Threshold"] == limits["maxServerErrors"]
        if "maxModelLatencyMs" in limits:
            latency = alarms[f"{NAME}-{variant}-model-latency"]
            assert (latency["MetricName"], latency["Unit"]) == ("ModelLatency", "Microseconds")
            assert latency["Threshold"] == 1000 * limits["maxModelLatencyMs"]


def test_a_version_that_sets_off_an_alarm_does_not_stay(account):
    account.deploy("canary")
    errors = f"{NAME}-AllTraffic-server-errors"
    account.client("cloudwatch").set_alarm_state(AlarmName=errors, StateValue="ALARM", StateReason="a test")
    account.deploy("canary", version=2)
    assert account.endpoint()["EndpointConfigName"] == f"{NAME}-v1", "the stack is updated and the endpoint is not"


def test_the_number_of_instances_follows_the_load_of_each_variant(account):
    account.deploy("scaling")
    resource = f"endpoint/{NAME}/variant/"
    assert account.targets() == {resource + "Large": (2, 8), resource + "Small": (2, 8)}
    for name, policy in account.policies().items():
        assert name in (f"{NAME}-Large-load", f"{NAME}-Small-load")
        tracked = policy["TargetTrackingScalingPolicyConfiguration"]
        assert tracked["TargetValue"] == 1000
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        assert tracked["PredefinedMetricSpecification"] == metric
        assert "CustomizedMetricSpecification" not in tracked
    assert len(account.policies()) == 2

    # What the load has made of them is no change of the configuration, and the next version begins with it.
    scaled = [{"VariantName": "Large", "DesiredInstanceCount": 7, "DesiredWeight": 90}]
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=scaled)
    account.deploy("scaling", version=2)
    counts = {each["VariantName"]: each["DesiredInstanceCount"] for each in account.endpoint()["ProductionVariants"]}
    assert counts == {"Large": 7, "Small": 3}
    assert [each["InitialInstanceCount"] for each in account.config()["ProductionVariants"]] == [2, 3]


def test_an_empty_queue_has_no_instances_and_the_first_request_starts_one(account):
    account.deploy("asynchronous")
    assert account.targets() == {f"endpoint/{NAME}/variant/AllTraffic": (0, 4)}
    policies = account.policies()
    tracked = policies[f"{NAME}-AllTraffic-load"]["TargetTrackingScalingPolicyConfiguration"]
    metric = tracked["CustomizedMetricSpecification"]
    assert (metric["MetricName"], tracked["TargetValue"]) == ("ApproximateBacklogSizePerInstance", 5)
    assert metric["Dimensions"] == [{"Name": "EndpointName", "Value": NAME}]
    start = policies[f"{NAME}-AllTraffic-from-zero"]
    assert start["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    ]
    (alarm,) = account.alarms("scaling-from-zero-").values()
    assert (alarm["MetricName"], alarm["AlarmActions"]) == ("HasBacklogWithoutCapacity", [start["PolicyARN"]])
    assert account.alarms() == {}, "it says nothing of the version"


def test_a_version_replaces_the_one_before_in_place(account):
    account.deploy("linear")
    before = account.endpoint()
    account.deploy("linear", version=2)
    after = account.endpoint()
    assert (after["EndpointArn"], after["CreationTime"]) == (before["EndpointArn"], before["CreationTime"])
    assert after["EndpointConfigName"] == f"{NAME}-v2"
    assert account.model()["PrimaryContainer"]["ModelPackageName"] == f"{PACKAGE}2"
    assert len(account.sagemaker.list_models()["Models"]) == 1, "model and configuration of version 1 are gone"
    assert len(account.sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1


def test_an_endpoint_becomes_any_other_one(account):
    """From each case to the next and all the way back: what the one before had and the next does not is taken away."""
    for version, case in enumerate([*CASES, *reversed(CASES)], start=1):
        document = CASES[case]["endpoint"]
        account.deploy(case, version)
        variants = [each["VariantName"] for each in wanted_variants(document)]
        assert [each["VariantName"] for each in account.config()["ProductionVariants"]] == variants
        assert len(account.targets()) == (len(variants) if "scaling" in document else 0)
        assert len(account.alarms()) == len(variants) * len(document.get("alarms", {}))
        assert ("LastDeploymentConfig" in account.endpoint()) is ("traffic" in document or "alarms" in document)
        if "scaling" in document:
            account.deploy(CASES[case]["parameters"] | {"ScalingMaxCount": "0", "ScalingMinCount": "0"}, version)


def test_an_instance_type_changes_only_once_nothing_scales_it(account):
    account.deploy("scaling")
    larger = CASES["scaling"]["parameters"] | {"InstanceType": "ml.m5.xlarge"}
    with pytest.raises(ClientError, match="must be deregistered as scalable target"):
        account.deploy(larger, version=2)
    assert account.endpoint()["EndpointConfigName"] == f"{NAME}-v1"
    assert len(account.targets()) == 2, "the update is taken back whole"
    account.deploy(CASES["scaling"]["parameters"] | {"ScalingMinCount": "0", "ScalingMaxCount": "0"})
    assert (account.targets(), account.endpoint()["EndpointConfigName"]) == ({}, f"{NAME}-v1")
    account.deploy(larger, version=2)
    assert account.config()["ProductionVariants"][0]["InstanceType"] == "ml.m5.xlarge"
    assert len(account.targets()) == 2


def test_a_new_version_sees_a_network_that_has_changed(account):
    account.deploy("network")
    name = "/team/prod/private-subnet-ids"
    account.client("ssm").put_parameter(Name=name, Value="subnet-33333333", Type="StringList", Overwrite=True)
    account.deploy("network")
    assert account.model()["VpcConfig"]["Subnets"] == SUBNETS.split(","), "the same version has what it was made with"
    account.deploy("network", version=2)
    assert account.model()["VpcConfig"]["Subnets"] == ["subnet-33333333"]


def test_a_network_that_is_not_there_is_a_failure_and_leaves_nothing(account):
    account.client("ssm").delete_parameter(Name="/team/prod/security-group-ids")
    with pytest.raises(ClientError, match="/team/prod/security-group-ids"):
        account.deploy("network")
    assert account.sagemaker.list_endpoints()["Endpoints"] == []


def test_the_stack_marks_all_that_it_makes(account):
    account.deploy(CASES["network"]["parameters"] | {"MaxServerErrors": "5"})
    endpoint, config, model = account.endpoint(), account.config(), account.model()
    arns = (endpoint["EndpointArn"], config["EndpointConfigArn"], model["ModelArn"])
    tagged = [account.sagemaker.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
    (alarm,) = account.alarms().values()
    tagged.append(account.client("cloudwatch").list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"])
    copy = {"ResourceType": "Parameter", "ResourceId": f"/{NAME}/subnet-ids"}
    tagged.append(account.client("ssm").list_tags_for_resource(**copy)["TagList"])
    assert [{each["Key"]: each["Value"] for each in tags} for tags in tagged] == [TAGS] * 5
