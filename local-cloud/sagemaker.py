"""Corrections to moto's SageMaker models and model packages, by API and by CloudFormation."""

import moto.cloudformation.parsing as parsing
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import Model, ModelPackage, SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from sagemaker_store import listed
from service_model import supplement
from shapes import model_of, typed


def install() -> None:
    # A name given by an intrinsic function would otherwise be replaced by a generated one.
    Model.cloudformation_name_type = staticmethod(lambda: "ModelName")
    parsing.generate_resource_name = _generated_name(parsing.generate_resource_name)
    Model.create_from_cloudformation_json = classmethod(_create_model_of_stack)
    _keep_metadata()


def create_model(backend: SageMakerModelBackend, given: dict) -> Model:
    """Makes a model that remembers all that it was given; moto overwrites one of the same name, the service refuses."""
    name = given["ModelName"]
    if name in backend._models:
        raise ValidationError(message=f'Cannot create already existing model "{_arn(backend, name)}".')
    model = backend.create_model(
        model_name=name,
        execution_role_arn=given.get("ExecutionRoleArn"),
        primary_container=given.get("PrimaryContainer"),
        vpc_config=given.get("VpcConfig"),
        containers=given.get("Containers"),
        tags=given.get("Tags"),
    )
    model.enable_network_isolation = given.get("EnableNetworkIsolation", False)
    model.given = {key: value for key, value in given.items() if key != "Tags"}
    model.given["EnableNetworkIsolation"] = model.enable_network_isolation
    return model


@supplement(SageMakerResponse, "sagemaker", "CreateModel")
def _create_call(response, parameters) -> dict:
    return {"ModelArn": create_model(response.sagemaker_backend, parameters).arn}


@supplement(SageMakerResponse, "sagemaker", "DescribeModel")
def _describe_call(response, parameters) -> dict:
    backend, name = response.sagemaker_backend, parameters["ModelName"]
    model = backend._models.get(name)
    if model is None:
        raise ValidationError(message=f'Could not find model "{_arn(backend, name)}".')
    return {**model.given, "ModelArn": model.arn, "CreationTime": model.creation_time}


@supplement(SageMakerResponse, "sagemaker", "ListModels")
def _list_call(response, parameters) -> dict:
    found = [
        {"ModelName": each.model_name, "ModelArn": each.arn, "CreationTime": each.creation_time}
        for each in list(response.sagemaker_backend._models.values())
    ]
    return listed(parameters, "Models", found, "ModelName")


def _arn(backend: SageMakerModelBackend, name: str) -> str:
    return f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}:model/{name}"


def _generated_name(generate):
    """SageMaker's names end at 63 characters, which moto's, with the whole name of a stack-set stack, do not."""

    def name(resource_type, stack_name, logical_id):
        generated = generate(resource_type, stack_name, logical_id)
        if not resource_type.startswith("AWS::SageMaker::"):
            return generated
        return f"{logical_id[:50]}-{generated.rpartition('-')[2]}"

    return name


def _create_model_of_stack(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    given = typed(cloudformation_json["Properties"], model_of("sagemaker").shape_for("CreateModelInput"))
    return create_model(sagemaker_backends[account_id][region_name], {**given, "ModelName": resource_name})


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
