"""What CloudFormation makes of a template and of a resource's properties before the resource sees them.

moto leaves an empty place where a list's item is taken away, resolves no dynamic references, keeps a stack's tags to
itself, and takes the short form of a condition for a function.
"""

import copy
import re

import moto.cloudformation.models as models
import moto.cloudformation.parsing as parsing
import moto.cloudformation.responses as responses
from moto.cloudformation.parsing import ResourceMap
from moto.ssm.models import ssm_backends
from service_model import Refused

REFERENCE = re.compile(r"\{\{resolve:ssm:([a-zA-Z0-9_.\-/]+)\}\}")
# How a resource of these types takes its tags; application-autoscaling's take none.
TAGGED_WITH_LISTS = ("AWS::SageMaker::", "AWS::CloudWatch::Alarm")
TAGGED_WITH_MAPS = ("AWS::SSM::Parameter",)


def install() -> None:
    clean, parse, construct = parsing.clean_json, parsing.parse_resource, models.yaml_tag_constructor

    def clean_json(value, resources_map):
        cleaned = clean(value, resources_map)
        return [each for each in cleaned if each is not None] if isinstance(value, list) else cleaned

    def parse_resource(resource_json, resources_map):
        """The last step: a function sees a reference's text, never the value that it stands for."""
        parsed = parse(resource_json, resources_map)
        if not parsed:
            return parsed
        resource_class, definition, kind = parsed
        return resource_class, _resolved(definition, resources_map), kind

    def yaml_tag_constructor(loader, tag, node):
        return {"Condition": node.value} if tag == "!Condition" else construct(loader, tag, node)

    models.yaml_tag_constructor = responses.yaml_tag_constructor = yaml_tag_constructor
    parsing.clean_json = clean_json
    parsing.parse_resource = parse_resource


def with_tags(definition: dict, resources: ResourceMap) -> dict:
    """The definition of a resource to be created, with the tags of its stack beside its own."""
    tags = {key: value for key, value in resources.tags.items() if not key.startswith("aws:")}
    kind = definition["Type"]
    if not tags or not kind.startswith((*TAGGED_WITH_LISTS, *TAGGED_WITH_MAPS)):
        return definition
    definition = copy.deepcopy(definition)
    properties = definition.setdefault("Properties", {})
    if kind.startswith(TAGGED_WITH_MAPS):
        properties["Tags"] = tags | properties.get("Tags", {})
    else:
        own = properties.get("Tags", [])
        named = {each["Key"] for each in own}
        properties["Tags"] = own + [{"Key": key, "Value": tags[key]} for key in tags if key not in named]
    return definition


def _resolved(value: object, resources: ResourceMap) -> object:
    if isinstance(value, dict):
        return {key: _resolved(each, resources) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, resources) for each in value]
    return REFERENCE.sub(lambda found: _value(found[1], resources), value) if isinstance(value, str) else value


def _value(name: str, resources: ResourceMap) -> str:
    parameter = ssm_backends[resources._account_id][resources._region_name].get_parameter(name)
    if parameter is None:
        raise Refused("ValidationError", f"Unable to fetch parameters [{name}] from parameter store for this account.")
    return parameter.value
