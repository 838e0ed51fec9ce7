"""SageMaker endpoints and their configurations, kept whole: by API and by CloudFormation.

moto keeps of a configuration what it had years ago, and of an endpoint's update nothing but the configuration's name.
"""

import faults
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from sagemaker_store import listed
from service_model import supplement
from shapes import model_of, typed

INSTANCE_COUNT = "sagemaker:variant:DesiredInstanceCount"


def install() -> None:
    # A name given by an intrinsic function would otherwise be replaced by a generated one.
    FakeEndpointConfig.cloudformation_name_type = staticmethod(lambda: "EndpointConfigName")
    FakeEndpoint.cloudformation_name_type = staticmethod(lambda: "EndpointName")
    FakeEndpointConfig.create_from_cloudformation_json = classmethod(_create_config_of_stack)
    FakeEndpointConfig.validate_instance_type = _validate_instance_type
    FakeEndpoint.create_from_cloudformation_json = classmethod(_create_of_stack)
    FakeEndpoint.update_from_cloudformation_json = classmethod(_update_of_stack)


def create_config(backend: SageMakerModelBackend, given: dict) -> FakeEndpointConfig:
    """Makes a configuration that remembers all that it was given, or refuses what the service does."""
    name, variants = given["EndpointConfigName"], given["ProductionVariants"]
    if name in backend.endpoint_configs:
        raise ValidationError(message=f'Cannot create already existing endpoint configuration "{name}".')
    _check_serverless(backend, given)
    config = backend.create_endpoint_config(
        endpoint_config_name=name,
        production_variants=variants,
        data_capture_config=given.get("DataCaptureConfig", {}),
        async_inference_config=given.get("AsyncInferenceConfig", {}),
        kms_key_id=given.get("KmsKeyId"),
        tags=given.get("Tags", []),
    )
    config.given = {key: value for key, value in given.items() if key != "Tags"}
    return config


def create(backend: SageMakerModelBackend, given: dict) -> FakeEndpoint:
    name = given["EndpointName"]
    if name in backend.endpoints:
        arn = FakeEndpoint.arn_formatter(name, backend.account_id, backend.region_name)
        raise ValidationError(message=f'Cannot create already existing endpoint "{arn}".')
    _config(backend, given["EndpointConfigName"])
    _alarms(backend, given)
    endpoint = backend.create_endpoint(
        endpoint_name=name, endpoint_config_name=given["EndpointConfigName"], tags=given.get("Tags", [])
    )
    endpoint.last_deployment_config = given.get("DeploymentConfig")
    return endpoint


def update(backend: SageMakerModelBackend, endpoint: FakeEndpoint, given: dict) -> None:
    """Lets a living endpoint serve another configuration; it stays on its own, without a word, if an alarm goes off."""
    config = _config(backend, given["EndpointConfigName"])
    alarms = _alarms(backend, given)
    _check_scaling(backend, endpoint, config)
    endpoint.last_modified_time = utcnow()
    fault = faults.of_endpoint_update(backend.account_id)
    if fault:
        endpoint.failure_reason = fault.message
    if fault or any(alarm.state_value == "ALARM" for alarm in alarms):
        return
    endpoint.failure_reason = None
    retained = _retained(endpoint) if given.get("RetainAllVariantProperties") else {}
    endpoint.endpoint_config_name = given["EndpointConfigName"]
    endpoint.production_variants = endpoint._process_production_variants(config.production_variants)
    endpoint.last_deployment_config = given.get("DeploymentConfig")
    for variant in endpoint.production_variants:
        variant.update(retained.get(variant["VariantName"], {}))


@supplement(SageMakerResponse, "sagemaker", "CreateEndpointConfig")
def _create_config_call(response, parameters) -> dict:
    return {"EndpointConfigArn": create_config(response.sagemaker_backend, parameters).endpoint_config_arn}


@supplement(SageMakerResponse, "sagemaker", "DescribeEndpointConfig")
def _describe_config_call(response, parameters) -> dict:
    config = _config(response.sagemaker_backend, parameters["EndpointConfigName"])
    return {**config.given, "EndpointConfigArn": config.endpoint_config_arn, "CreationTime": config.creation_time}


@supplement(SageMakerResponse, "sagemaker", "ListEndpointConfigs")
def _list_configs_call(response, parameters) -> dict:
    found = [
        {
            "EndpointConfigName": each.endpoint_config_name,
            "EndpointConfigArn": each.endpoint_config_arn,
            "CreationTime": each.creation_time,
        }
        for each in list(response.sagemaker_backend.endpoint_configs.values())
    ]
    return listed(parameters, "EndpointConfigs", found, "EndpointConfigName")


@supplement(SageMakerResponse, "sagemaker", "CreateEndpoint")
def _create_call(response, parameters) -> dict:
    return {"EndpointArn": create(response.sagemaker_backend, parameters).arn}


@supplement(SageMakerResponse, "sagemaker", "UpdateEndpoint")
def _update_call(response, parameters) -> dict:
    backend = response.sagemaker_backend
    endpoint = _endpoint(backend, parameters["EndpointName"])
    update(backend, endpoint, parameters)
    return {"EndpointArn": endpoint.arn}


@supplement(SageMakerResponse, "sagemaker", "DescribeEndpoint")
def _describe_call(response, parameters) -> dict:
    backend = response.sagemaker_backend
    endpoint = _endpoint(backend, parameters["EndpointName"])
    # A configuration can be deleted while an endpoint runs on it.
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    given = config.given if config else {}
    shown = {
        **endpoint.summary(),
        "EndpointConfigName": endpoint.endpoint_config_name,
        "ProductionVariants": endpoint.production_variants,
        "FailureReason": endpoint.failure_reason,
        "LastDeploymentConfig": endpoint.last_deployment_config,
        "AsyncInferenceConfig": given.get("AsyncInferenceConfig"),
        "DataCaptureConfig": _capture_summary(given.get("DataCaptureConfig")),
    }
    return {key: value for key, value in shown.items() if value is not None}


@supplement(SageMakerResponse, "sagemaker", "ListEndpoints")
def _list_call(response, parameters) -> dict:
    found = [
        each.summary() | {"Status": each.endpoint_status}
        for each in list(response.sagemaker_backend.endpoints.values())
    ]
    return listed(parameters, "Endpoints", found, "EndpointName")


def _create_config_of_stack(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    given = _given(cloudformation_json, "CreateEndpointConfigInput")
    return create_config(sagemaker_backends[account_id][region_name], {**given, "EndpointConfigName": resource_name})


def _create_of_stack(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    given = _given(cloudformation_json, "CreateEndpointInput")
    return create(sagemaker_backends[account_id][region_name], {**given, "EndpointName": resource_name})


def _update_of_stack(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    """In place: moto's own way, delete and create, would leave a moment without an endpoint and a new creation time."""
    given = _given(cloudformation_json, "UpdateEndpointInput")
    update(sagemaker_backends[account_id][region_name], original_resource, given)
    return original_resource


def _given(cloudformation_json: dict, shape: str) -> dict:
    return typed(cloudformation_json["Properties"], model_of("sagemaker").shape_for(shape))


def _config(backend: SageMakerModelBackend, name: str) -> FakeEndpointConfig:
    config = backend.endpoint_configs.get(name)
    if config is None:
        arn = FakeEndpointConfig.arn_formatter(name, backend.account_id, backend.region_name)
        raise ValidationError(message=f'Could not find endpoint configuration "{arn}".')
    return config


def _endpoint(backend: SageMakerModelBackend, name: str) -> FakeEndpoint:
    endpoint = backend.endpoints.get(name)
    if endpoint is None:
        arn = FakeEndpoint.arn_formatter(name, backend.account_id, backend.region_name)
        raise ValidationError(message=f'Could not find endpoint "{arn}".')
    return endpoint


def _alarms(backend: SageMakerModelBackend, given: dict) -> list:
    """The alarms that may take a deployment back, all of which must exist."""
    known = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    wanted = given.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {}).get("Alarms", [])
    missing = [each["AlarmName"] for each in wanted if each["AlarmName"] not in known]
    if missing:
        raise ValidationError(message=f"The following alarms do not exist: {', '.join(missing)}.")
    return [known[each["AlarmName"]] for each in wanted]


def _check_scaling(backend: SageMakerModelBackend, endpoint: FakeEndpoint, config: FakeEndpointConfig) -> None:
    """A variant that Application Auto Scaling knows can neither go nor change its instance type."""
    scaling = applicationautoscaling_backends[backend.account_id][backend.region_name]
    registered = scaling.targets.get(INSTANCE_COUNT, {})
    now = _config(backend, endpoint.endpoint_config_name).production_variants
    then = {each["VariantName"]: each.get("InstanceType") for each in config.production_variants}
    held = [
        each["VariantName"]
        for each in now
        if f"endpoint/{endpoint.endpoint_name}/variant/{each['VariantName']}" in registered
        and then.get(each["VariantName"]) != each.get("InstanceType")
    ]
    if held:
        raise ValidationError(
            message=f'The variant(s) "{", ".join(held)}" must be deregistered as scalable target with AWS Application '
            "Auto Scaling before they can be removed or have their instance type updated."
        )


def _check_serverless(backend: SageMakerModelBackend, given: dict) -> None:
    for variant in given["ProductionVariants"]:
        if "ServerlessConfig" not in variant:
            continue
        model = backend._models.get(variant["ModelName"])
        refused = {
            "network isolation": model is not None and model.enable_network_isolation,
            "VPC configuration": model is not None and bool(model.vpc_config),
            "data capture": "DataCaptureConfig" in given,
            "asynchronous inference": "AsyncInferenceConfig" in given,
            "multiple variants": len(given["ProductionVariants"]) > 1,
        }
        for feature in (name for name, is_there in refused.items() if is_there):
            raise ValidationError(message=f"Serverless endpoints do not support {feature}.")


def _retained(endpoint: FakeEndpoint) -> dict[str, dict]:
    counts = ("CurrentInstanceCount", "DesiredInstanceCount")
    return {
        each["VariantName"]: {key: each[key] for key in counts if key in each} for each in endpoint.production_variants
    }


def _capture_summary(capture: dict | None) -> dict | None:
    return capture and {
        "EnableCapture": capture.get("EnableCapture", False),
        "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _validate_instance_type(self, instance_type: str) -> None:
    """Against the service's model: moto's own list ends years ago."""
    known = model_of("sagemaker").shape_for("ProductionVariantInstanceType").enum
    if instance_type not in known:
        raise ValidationError(
            message=f"Value '{instance_type}' at 'instanceType' failed to satisfy constraint: "
            f"Member must satisfy enum value set: {list(known)}"
        )
