"""Corrections to moto's SageMaker models and model packages, by API and by CloudFormation."""

import moto.cloudformation.parsing as parsing
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import Model, ModelPackage, SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from shapes import model_of, typed


def install() -> None:
    # A name given by an intrinsic function would otherwise be replaced by a generated one.
    Model.cloudformation_name_type = staticmethod(lambda: "ModelName")
    parsing.generate_resource_name = _generated_name(parsing.generate_resource_name)
    Model.create_from_cloudformation_json = classmethod(_create_model)
    _refuse_existing_models()
    _show_what_is_there()
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


def _refuse_existing_models() -> None:
    """moto overwrites what has the same name; the service refuses."""
    create = SageMakerModelBackend.create_model

    def create_model(self, **arguments):
        name = arguments["model_name"]
        if name in self._models:
            arn = f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:model/{name}"
            raise ValidationError(message=f'Cannot create already existing model "{arn}".')
        return create(self, **arguments)

    SageMakerModelBackend.create_model = create_model


def _show_what_is_there() -> None:
    """moto shows an empty network and empty containers where a model has none."""
    shown = Model.response_object.fget
    Model.response_object = property(
        lambda self: {key: value for key, value in shown(self).items() if value not in ({}, [])}
    )


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
