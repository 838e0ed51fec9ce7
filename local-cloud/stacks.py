"""Stack updates as CloudFormation does them, in moto.

moto compares templates, not what they resolve to, and deletes before it creates: a resource whose dependency got a new
name is not updated, an endpoint loses its configuration for a moment, and a failed update stays half done.
"""

import copy
from collections.abc import Callable

import faults
import moto.cloudformation.parsing as parsing
import stack_values
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap
from service_model import Refused

# Properties whose change makes CloudFormation replace the resource; for all other types moto decides.
REPLACED_ON_ANY_CHANGE = {
    "AWS::SageMaker::Model": "ModelName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
}
REPLACED_ON_NAME_CHANGE = {
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::ApplicationAutoScaling::ScalableTarget": "ResourceId",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "PolicyName",
}


class ResourceFailed(Refused):
    """A resource of a stack could not be made, changed or deleted."""

    def __init__(self, logical_id: str, resource_type: str, cause: Exception):
        reason = getattr(cause, "message", None) or str(cause) or type(cause).__name__
        super().__init__(
            "ValidationError",
            f"ResourceLogicalId:{logical_id}, ResourceType:{resource_type}, ResourceStatusReason:{reason}",
        )


def install() -> None:
    create = parsing.parse_and_create_resource

    def parse_and_create_resource(logical_id, resource_json, resources_map, account_id, region_name):
        arguments = (logical_id, stack_values.with_tags(resource_json, resources_map), resources_map)
        arguments += (account_id, region_name)
        return _guarded("Create", logical_id, resource_json, account_id, lambda: create(*arguments))

    parsing.parse_and_create_resource = parse_and_create_resource
    ResourceMap.update = _update


def roll_back_creation(stack: Stack) -> None:
    """Removes what a stack made before one of its resources failed."""
    stack.resource_map.delete()
    stack.status = "ROLLBACK_COMPLETE"
    stack._add_stack_event("ROLLBACK_COMPLETE")


def update(stack: Stack, template: str, parameters: dict[str, str]) -> None:
    """Updates a stack, or leaves it as it was."""
    before = (stack.template, stack.template_dict, stack.parameters, stack.status)
    try:
        stack.update(template, parameters=parameters)
    except Exception:
        stack.template, stack.template_dict, stack.parameters, _ = before
        stack.status = "UPDATE_ROLLBACK_COMPLETE"
        stack._add_stack_event("UPDATE_ROLLBACK_COMPLETE")
        raise


def _update(self: ResourceMap, template: dict, parameters: dict | None = None) -> None:
    """Replaces `ResourceMap.update`: dependencies first, replacements before what they replace goes, all or nothing."""
    saved = (self._template, self._resource_json_map, self.input_parameters, dict(self._parsed_resources))
    existing = {
        name: self._parsed_resources[name] for name in self._resource_json_map if name in self._parsed_resources
    }
    resolved = {name: _resolve(self, name) for name in existing}
    undo: list[Callable[[], None]] = []
    obsolete: list[tuple[str, object, dict]] = []
    try:
        _load(self, template, parameters if parameters else self.input_parameters)
        wanted = [name for name in _in_order(template["Resources"]) if _applies(self, name)]
        for name in wanted:
            if name not in existing:
                if self[name] is not None:
                    undo.append(
                        lambda name=name: _delete(self, name, self._parsed_resources.pop(name), _resolve(self, name))
                    )
            elif _resolve(self, name) != resolved[name]:
                _change(self, name, existing[name], resolved[name], undo, obsolete)
        obsolete += [(name, existing[name], resolved[name]) for name in reversed(list(existing)) if name not in wanted]
    except Exception:
        for step in reversed(undo):
            step()
        _load(self, saved[0], saved[2])
        self._parsed_resources.clear()
        self._parsed_resources.update(saved[3])
        raise
    for name, resource, definition in obsolete:
        if definition.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            _delete(self, name, resource, definition)
        if name not in wanted:
            self._parsed_resources.pop(name, None)


def _change(self: ResourceMap, name: str, resource: object, before: dict, undo: list, obsolete: list) -> None:
    after, kind = _resolve(self, name), before["Type"]
    name_property = REPLACED_ON_ANY_CHANGE.get(kind) or REPLACED_ON_NAME_CHANGE.get(kind)
    old_name, new_name = (each["Properties"].get(name_property or "") for each in (before, after))
    if kind in REPLACED_ON_ANY_CHANGE or (kind in REPLACED_ON_NAME_CHANGE and old_name != new_name):
        if old_name == new_name is not None:
            reason = (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {new_name} and update the stack again."
            )
            raise ResourceFailed(name, kind, Refused("ValidationError", reason))
        del self._parsed_resources[name]
        replacement = self[name]
        undo.append(lambda: _delete(self, name, replacement, after))
        obsolete.append((name, resource, before))
        return
    arguments = (self, self._account_id, self._region_name)
    changed = _guarded(
        "Update",
        name,
        after,
        self._account_id,
        lambda: parsing.parse_and_update_resource(name, copy.deepcopy(after), *arguments),
    )
    if changed is not None:
        self._parsed_resources[name] = changed
    undo.append(lambda: parsing.parse_and_update_resource(name, copy.deepcopy(before), *arguments))


def _delete(self: ResourceMap, name: str, resource: object, definition: dict) -> None:
    _guarded("Delete", name, definition, self._account_id, lambda: self._delete_resource(resource, definition))


def _guarded(verb: str, name: str, definition: dict, account_id: str, act: Callable):
    kind = definition["Type"]
    fault = faults.of_resource(account_id, verb, kind)
    try:
        if fault:
            raise Refused(fault.error, fault.message)
        return act()
    except ResourceFailed:
        raise  # of a dependency that was made on the way
    except Exception as error:
        raise ResourceFailed(name, kind, error) from error


def _load(self: ResourceMap, template: dict, parameters: dict) -> None:
    self._template, self._resource_json_map, self.input_parameters = template, template["Resources"], parameters
    self.resolved_parameters = {}
    self.load()


def _applies(self: ResourceMap, name: str) -> bool:
    condition = self._resource_json_map[name].get("Condition")
    return not condition or bool(self.lazy_condition_map[condition])


def _resolve(self: ResourceMap, name: str) -> dict:
    return {"Properties": {}} | parsing.clean_json(copy.deepcopy(self._resource_json_map[name]), self)


def _in_order(resources: dict) -> list[str]:
    """The resources, each after those it refers to."""
    ordered: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name in path:
            return
        for other in resources:
            if other in _references(resources[name]):
                visit(other, (*path, name))
        ordered.append(name)

    for name in resources:
        visit(name, ())
    return ordered


def _references(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*(_references(each) for each in value))
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, each in value.items():
        if key == "Ref":
            found.add(str(each))
        elif key == "Fn::GetAtt":
            found.add(each[0] if isinstance(each, list) else str(each).partition(".")[0])
        elif key == "DependsOn":
            found.update(each if isinstance(each, list) else [each])
        elif key == "Fn::Sub":
            text = each[0] if isinstance(each, list) else str(each)
            found.update(part.partition("}")[0].partition(".")[0] for part in text.split("${")[1:])
            found |= _references(each[1]) if isinstance(each, list) else set()
        else:
            found |= _references(each)
    return found
