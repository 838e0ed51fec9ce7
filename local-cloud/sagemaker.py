"""Corrections to moto's SageMaker models, endpoint configurations and endpoints, by API and by CloudFormation."""

import moto.cloudformation.parsing as parsing
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import (
    FakeEndpoint,
    FakeEndpointConfig,
    Model,
    ModelPackage,
    SageMakerModelBackend,
    sagemaker_backends,
)
from moto.sagemaker.responses import SageMakerResponse
from service_model import supplement
from shapes import model_of, typed


def install() -> None:
    # A name given by an intrinsic function would otherwise be replaced by a generated one.
    Model.cloudformation_name_type = staticmethod(lambda: "ModelName")
    FakeEndpointConfig.cloudformation_name_type = staticmethod(lambda: "EndpointConfigName")
    FakeEndpoint.cloudformation_name_type = staticmethod(lambda: "EndpointName")
    parsing.generate_resource_name = _generated_name(parsing.generate_resource_name)
    Model.create_from_cloudformation_json = classmethod(_create_model)
    FakeEndpointConfig.create_from_cloudformation_json = classmethod(_create_endpoint_config)
    FakeEndpoint.update_from_cloudformation_json = classmethod(_update_endpoint)
    FakeEndpointConfig.validate_instance_type = _validate_instance_type
    _refuse_existing("create_model", "model_name", lambda backend: backend._models, Model, "model")
    _refuse_existing(
        "create_endpoint_config",
        "endpoint_config_name",
        lambda backend: backend.endpoint_configs,
        FakeEndpointConfig,
        "endpoint-config",
    )
    _refuse_existing("create_endpoint", "endpoint_name", lambda backend: backend.endpoints, FakeEndpoint, "endpoint")
    _keep_network_isolation()
    _keep_metadata()


def _generated_name(generate):
    """SageMaker's names end at 63 characters, which moto's, with the whole name of a stack-set stack, do not."""

    def name(resource_type, stack_name, logical_id):
        generated = generate(resource_type, stack_name, logical_id)
        if not resource_type.startswith("AWS::SageMaker::"):
            return generated
        return f"{logical_id[:50]}-{generated.rpartition('-')[2]}"

    return name


def switch(backend: SageMakerModelBackend, endpoint: FakeEndpoint, endpoint_config_name: str) -> None:
    """Lets a living endpoint serve another configuration, as UpdateEndpoint does."""
    config = backend.endpoint_configs.get(endpoint_config_name)
    if config is None:
        arn = FakeEndpointConfig.arn_formatter(endpoint_config_name, backend.account_id, backend.region_name)
        raise ValidationError(message=f'Could not find endpoint configuration "{arn}".')
    endpoint.endpoint_config_name = endpoint_config_name
    endpoint.production_variants = endpoint._process_production_variants(config.production_variants)
    endpoint.data_capture_config = config.data_capture_config
    endpoint.last_modified_time = utcnow()


@supplement(SageMakerResponse, "sagemaker", "UpdateEndpoint")
def _update_endpoint_call(response, parameters) -> dict:
    backend = response.sagemaker_backend
    backend.describe_endpoint(parameters["EndpointName"])
    endpoint = backend.endpoints[parameters["EndpointName"]]
    switch(backend, endpoint, parameters["EndpointConfigName"])
    return {"EndpointArn": endpoint.arn}


def _create_model(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    given = typed(cloudformation_json["Properties"], model_of("sagemaker").shape_for("CreateModelInput"))
    model = sagemaker_backends[account_id][region_name].create_model(
        model_name=resource_name,
        execution_role_arn=given.get("ExecutionRoleArn"),
        primary_container=given.get("PrimaryContainer"),
        vpc_config=given.get("VpcConfig"),
        containers=given.get("Containers"),
        tags=given.get("Tags"),
    )
    model.enable_network_isolation = given.get("EnableNetworkIsolation", False)
    return model


def _create_endpoint_config(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    given = typed(cloudformation_json["Properties"], model_of("sagemaker").shape_for("CreateEndpointConfigInput"))
    return sagemaker_backends[account_id][region_name].create_endpoint_config(
        endpoint_config_name=resource_name,
        production_variants=given["ProductionVariants"],
        data_capture_config=given.get("DataCaptureConfig", {}),
        async_inference_config=given.get("AsyncInferenceConfig", {}),
        kms_key_id=given.get("KmsKeyId"),
        tags=given.get("Tags", []),
    )


def _update_endpoint(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    """In place: moto's own way, delete and create, would leave a moment without an endpoint and a new creation time."""
    backend = sagemaker_backends[account_id][region_name]
    switch(backend, original_resource, cloudformation_json["Properties"]["EndpointConfigName"])
    return original_resource


def _validate_instance_type(self, instance_type: str) -> None:
    """Against the service's model: moto's own list ends years ago."""
    known = model_of("sagemaker").shape_for("ProductionVariantInstanceType").enum
    if instance_type not in known:
        raise ValidationError(
            message=f"Value '{instance_type}' at 'instanceType' failed to satisfy constraint: "
            f"Member must satisfy enum value set: {list(known)}"
        )


def _refuse_existing(method: str, name_argument: str, existing, resource: type, kind: str) -> None:
    """moto overwrites what has the same name; the service refuses."""
    create = getattr(SageMakerModelBackend, method)

    def checked(self, **arguments):
        name = arguments[name_argument]
        if name in existing(self):
            arn = f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{kind}/{name}"
            raise ValidationError(message=f'Cannot create already existing {kind.replace("-", " ")} "{arn}".')
        return create(self, **arguments)

    setattr(SageMakerModelBackend, method, checked)


def _keep_network_isolation() -> None:
    create = SageMakerResponse.create_model

    def create_model(self):
        answer = create(self)
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
        return answer

    SageMakerResponse.create_model = create_model


def _keep_metadata() -> None:
    """An update of a model package changes what it names; moto also empties what it does not name."""
    update = SageMakerModelBackend.update_model_package

    def update_model_package(self, **arguments):
        arn = arguments["model_package_arn"]
        package: ModelPackage = self.model_packages.get(self.model_package_name_mapping.get(arn, arn))
        if package is not None:
            kept = package.customer_metadata_properties or {}
            arguments["customer_metadata_properties"] = {**kept, **(arguments["customer_metadata_properties"] or {})}
            for key in ("model_approval_status", "approval_description"):
                arguments[key] = arguments[key] if arguments[key] is not None else getattr(package, key)
        return update(self, **arguments)

    SageMakerModelBackend.update_model_package = update_model_package
