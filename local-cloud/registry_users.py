"""Who registered a version of a model and who changed it last: the caller, as IAM knows it, at an exact time.

moto names one user profile for everybody.
"""

from moto.core.utils import utcnow
from moto.sagemaker.models import ModelPackage
from moto.sagemaker.responses import SageMakerResponse
from moto.sts.models import sts_backends


def install() -> None:
    for verb, keep in (("create", _created), ("update", _changed)):
        name = f"{verb}_model_package"
        call = getattr(SageMakerResponse, name)

        def handler(self, call=call, keep=keep):
            answer = call(self)
            backend, arn = self.sagemaker_backend, answer.result["ModelPackageArn"]
            keep(backend.model_packages[backend.model_package_name_mapping.get(arn, arn)], _caller(self))
            return answer

        setattr(SageMakerResponse, name, handler)


def _created(package: ModelPackage, caller: dict) -> None:
    package.created_by, package.last_modified_by = caller, None


def _changed(package: ModelPackage, caller: dict) -> None:
    package.last_modified_by, package.last_modified_time = caller, utcnow()


def _caller(response: SageMakerResponse) -> dict:
    sts = sts_backends[response.current_account][response.partition]
    identifier, arn, _ = sts.get_caller_identity(response.get_access_key(), response.region)
    return {"IamIdentity": {"Arn": arn, "PrincipalId": identifier}}
