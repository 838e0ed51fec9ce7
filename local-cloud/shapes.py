"""What botocore knows of a service: the shapes of what its operations take and answer."""

from functools import cache

import botocore.session
from botocore.validate import ParamValidator


@cache
def model_of(service: str):
    return botocore.session.get_session().get_service_model(service)


def faults_in(value: object, shape) -> str:
    """What is wrong with `value` as `shape`, one problem a line; empty if nothing is."""
    return ParamValidator().validate(value, shape).generate_report()


def enumeration_faults(value: object, shape, at: str = "") -> str:
    """Which values are not among those that the shape has; botocore leaves that to the services."""
    found = []
    if shape.type_name == "structure":
        found = [
            enumeration_faults(each, shape.members[name], f"{at}.{name}".strip("."))
            for name, each in value.items()
            if name in shape.members
        ]
    elif shape.type_name == "list":
        found = [enumeration_faults(each, shape.member, f"{at}[{number}]") for number, each in enumerate(value)]
    elif shape.type_name == "map":
        found = [enumeration_faults(each, shape.value, f"{at}.{key}") for key, each in value.items()]
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        found = [
            f"Value '{value}' at '{at}' failed to satisfy constraint: Member must satisfy enum value set: {shape.enum}"
        ]
    return "; ".join(each for each in found if each)


def page(items: list, token: str | None, size: int | None, largest: int) -> tuple[list, str | None]:
    """One page of `items` and the token of the next one."""
    start = int(token) if token and token.isdigit() else 0
    end = start + min(size or largest, largest)
    return items[start:end], str(end) if end < len(items) else None


def typed(value: object, shape) -> object:
    """A CloudFormation property, in which any scalar may be a string, as the service's `shape` wants it."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {name: typed(each, shape.members[name]) for name, each in value.items() if name in shape.members}
    if kind == "list" and isinstance(value, list):
        return [typed(each, shape.member) for each in value]
    if kind == "map" and isinstance(value, dict):
        return {name: typed(each, shape.value) for name, each in value.items()}
    if kind == "boolean":
        return str(value).lower() == "true"
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    return str(value) if kind == "string" else value
