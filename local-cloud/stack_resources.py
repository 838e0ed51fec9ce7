"""Resources that moto's CloudFormation does not know: alarms, scalable targets and scaling policies."""

import moto.cloudformation.parsing as parsing
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.sagemaker.models import sagemaker_backends
from moto.ssm.models import Parameter
from service_model import Refused
from shapes import model_of, typed


def install() -> None:
    """Makes the types known, and the attributes that a parameter has in CloudFormation."""
    known = parsing.get_model_list
    parsing.get_model_list = lambda: [*known(), Alarm, ScalableTarget, ScalingPolicy]
    create = Parameter.create_from_cloudformation_json
    Parameter.create_from_cloudformation_json = classmethod(_create_parameter(create))
    Parameter.has_cfn_attr = classmethod(lambda cls, attribute: attribute in ("Type", "Value"))
    Parameter.get_cfn_attribute = lambda self, attribute: {"Type": self.parameter_type, "Value": self.value}[attribute]


class StackResource:
    """A resource that is found by what `Ref` gives for it, and changed by putting it once more.

    What moto asks of the classes of its own resources; theirs derive from a model that is bound to moto's packages.
    """

    TYPE = ""

    def __init__(self, physical_resource_id: str):
        self._physical_resource_id = physical_resource_id

    @property
    def physical_resource_id(self) -> str:
        return self._physical_resource_id

    @staticmethod
    def is_created() -> bool:
        return True

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.TYPE

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls(cls.put(cloudformation_json["Properties"], account_id, region_name))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        return cls(cls.put(cloudformation_json["Properties"], account_id, region_name))

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name) -> None:
        cls.remove(resource_name, account_id, region_name)


class Alarm(StackResource):
    TYPE = "AWS::CloudWatch::Alarm"

    @staticmethod
    def put(properties: dict, account_id: str, region_name: str) -> str:
        given = typed(properties, model_of("cloudwatch").shape_for("PutMetricAlarmInput"))
        cloudwatch_backends[account_id][region_name].put_metric_alarm(
            name=given["AlarmName"],
            description=given.get("AlarmDescription"),
            namespace=given["Namespace"],
            metric_name=given["MetricName"],
            dimensions=given.get("Dimensions", []),
            statistic=given.get("Statistic"),
            extended_statistic=given.get("ExtendedStatistic"),
            unit=given.get("Unit"),
            period=given["Period"],
            evaluation_periods=given["EvaluationPeriods"],
            datapoints_to_alarm=given.get("DatapointsToAlarm"),
            threshold=given["Threshold"],
            comparison_operator=given["ComparisonOperator"],
            treat_missing_data=given.get("TreatMissingData"),
            alarm_actions=given.get("AlarmActions", []),
            tags=given.get("Tags"),
        )
        return given["AlarmName"]

    @staticmethod
    def remove(name: str, account_id: str, region_name: str) -> None:
        cloudwatch_backends[account_id][region_name].delete_alarms([name])


class ScalableTarget(StackResource):
    """`Ref` gives the resource, the dimension and the service, by which scaling policies find it."""

    TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"

    @staticmethod
    def put(properties: dict, account_id: str, region_name: str) -> str:
        given = typed(properties, model_of("application-autoscaling").shape_for("RegisterScalableTargetRequest"))
        resource, dimension = given["ResourceId"], given["ScalableDimension"]
        _check_variant(resource, account_id, region_name)
        applicationautoscaling_backends[account_id][region_name].register_scalable_target(
            given["ServiceNamespace"],
            resource,
            dimension,
            given["MinCapacity"],
            given["MaxCapacity"],
            given.get("RoleARN"),
            given.get("SuspendedState"),
        )
        return f"{resource}|{dimension}|{given['ServiceNamespace']}"

    @staticmethod
    def remove(physical_id: str, account_id: str, region_name: str) -> None:
        resource, dimension, service = physical_id.split("|")
        applicationautoscaling_backends[account_id][region_name].deregister_scalable_target(
            service, resource, dimension
        )


class ScalingPolicy(StackResource):
    TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"
    BODIES = ("TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration")

    @classmethod
    def put(cls, properties: dict, account_id: str, region_name: str) -> str:
        resource, dimension, service = properties["ScalingTargetId"].split("|")
        shape = model_of("application-autoscaling").shape_for("PutScalingPolicyRequest")
        given = typed(properties, shape)
        (body,) = (given[name] for name in cls.BODIES if name in given)
        policy = applicationautoscaling_backends[account_id][region_name].put_scaling_policy(
            given["PolicyName"], service, resource, dimension, body, given["PolicyType"]
        )
        return policy.policy_arn

    @staticmethod
    def remove(arn: str, account_id: str, region_name: str) -> None:
        backend = applicationautoscaling_backends[account_id][region_name]
        backend.policies = {key: each for key, each in backend.policies.items() if each.policy_arn != arn}


def _create_parameter(create):
    """In CloudFormation the tags of a parameter are a map, in its own API a list."""

    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        properties = dict(cloudformation_json["Properties"])
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
        return create(resource_name, {"Properties": properties}, account_id, region_name, **kwargs)

    return create_from_cloudformation_json


def _check_variant(resource: str, account_id: str, region_name: str) -> None:
    """Application Auto Scaling asks SageMaker for the variant that it shall scale."""
    _, endpoint_name, _, variant = resource.split("/")
    endpoint = sagemaker_backends[account_id][region_name].endpoints.get(endpoint_name)
    variants = endpoint.production_variants if endpoint else []
    if variant not in (each["VariantName"] for each in variants):
        raise Refused("ValidationException", f"Could not find variant: {variant} for endpoint: {endpoint_name}.")
