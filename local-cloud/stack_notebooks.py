"""Notebook instances and their lifecycle configurations in moto's stacks: kept whole, where its API shows them."""

import moto.cloudformation.parsing as parsing
from sagemaker_kinds import KINDS, Kind
from sagemaker_store import create, stores
from shapes import model_of, typed
from stack_resources import StackResource


def install() -> None:
    known, own = parsing.get_model_list, (Notebook, LifecycleConfig)
    types = {each.TYPE for each in own}
    parsing.get_model_list = lambda: [each for each in known() if each.cloudformation_type() not in types] + [*own]


class _Kept(StackResource):
    KIND: Kind

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.KIND.name

    @classmethod
    def has_cfn_attr(cls, attribute: str) -> bool:
        return attribute in ("Arn", cls.KIND.name)

    def get_cfn_attribute(self, attribute: str) -> str:
        arn = self.physical_resource_id
        return arn if attribute == "Arn" else arn.rpartition("/")[2]

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        given = {**_given(cls.KIND, cloudformation_json), cls.KIND.name: resource_name}
        return cls(create(stores[account_id][region_name], cls.KIND, given).arn)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        """CloudFormation stops a notebook instance for it, and starts it again."""
        _, resource = stores[account_id][region_name].find(original_resource.physical_resource_id)
        resource.details |= _given(cls.KIND, cloudformation_json)
        resource.details |= cls.KIND.more(resource.details)
        return original_resource

    @staticmethod
    def remove(arn: str, account_id: str, region_name: str) -> None:
        store = stores[account_id][region_name]
        if found := store.find(arn):
            del store.of(found[0])[arn.rpartition("/")[2]]


class Notebook(_Kept):
    TYPE = "AWS::SageMaker::NotebookInstance"
    KIND = next(kind for kind in KINDS if kind.noun == "NotebookInstance")


class LifecycleConfig(_Kept):
    TYPE = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
    KIND = next(kind for kind in KINDS if kind.noun == "NotebookInstanceLifecycleConfig")


def _given(kind: Kind, cloudformation_json: dict) -> dict:
    shape = model_of("sagemaker").operation_model(f"Create{kind.noun}").input_shape
    return typed(cloudformation_json.get("Properties", {}), shape)
