"""Members of resources that no call sets: tests set them here, or take them away.

The last activity of an app, the end of a job, the tuning job that a training job belongs to; and members that old
resources lack, because the service learned them later.
"""

import json
from datetime import datetime

from moto.core.base_backend import BackendDict
from moto.sagemaker.models import sagemaker_backends
from sagemaker_store import moment, stores
from shapes import faults_in, model_of
from studio_state import backends

PATH = "/local-cloud/members"
MOTO_KINDS = {"model": ("_models", "Model"), "endpoint-config": ("endpoint_configs", "EndpointConfig")}
STUDIO_KINDS = {"domain": "Domain", "user-profile": "UserProfile", "space": "Space", "app": "App"}


def replace(body: bytes) -> str | None:
    """Sets the members of resources: [{"arn", "members": {name: value; null takes it away}}].

    Returns what is wrong with the list, if anything is; then nothing has changed.
    """
    try:
        given = [(each["arn"], dict(each["members"])) for each in json.loads(body)]
    except (ValueError, TypeError, KeyError) as error:
        return f'expected a JSON list of {{"arn": ..., "members": {{...}}}}: {error!r}'
    wanted, problems = [], []
    for arn, members in given:
        found = _found(arn)
        if found is None:
            problems.append(f"{arn} is not there")
            continue
        noun, status, resource = found
        shapes = model_of("sagemaker").operation_model(f"Describe{noun}").output_shape.members
        unknown = sorted(members.keys() - shapes.keys())
        wrong = [
            fault
            for name, value in members.items()
            if name in shapes and value is not None and (fault := faults_in(value, shapes[name]))
        ]
        problems += [f"{noun} has no {name}" for name in unknown] + wrong
        if not unknown and not wrong:
            wanted.append((resource, status, {name: _value(value, shapes[name]) for name, value in members.items()}))
    if problems:
        return "; ".join(problems)
    for resource, status, members in wanted:
        _set(resource, status, members)
    return None


def _found(arn: str) -> tuple[str, str | None, object] | None:
    """What its Describe operation is of, the member that holds its status, and the resource."""
    _, _, _, region, account, name = (*arn.split(":", 5), "", "", "", "", "", "")[:6]
    arn_type, _, tail = name.partition("/")
    if arn_type in MOTO_KINDS:
        kept, noun = MOTO_KINDS[arn_type]
        resource = getattr(_backend(sagemaker_backends, account, region), kept, {}).get(tail)
        return (noun, None, resource) if resource else None
    if arn_type in STUDIO_KINDS:
        studio = _backend(backends, account, region)
        resource = next((each for each in studio.everything() if each.arn == arn), None) if studio else None
        return (STUDIO_KINDS[arn_type], "Status", resource) if resource else None
    store = _backend(stores, account, region)
    found = store.find(arn) if store else None
    return (found[0].noun, found[0].status, found[1]) if found else None


def _backend(kept: BackendDict, account: str, region: str):
    try:
        return kept[account][region]
    except KeyError:
        return None


def _value(value: object, shape) -> object:
    """Times become times, as deep as they are."""
    if value is None:
        return None
    if shape.type_name == "timestamp":
        return moment(value)
    if shape.type_name == "structure":
        return {name: _value(each, shape.members[name]) for name, each in value.items()}
    if shape.type_name == "list":
        return [_value(each, shape.member) for each in value]
    return value


def _set(resource, status: str | None, members: dict[str, object | datetime]) -> None:
    details = resource.details if hasattr(resource, "details") else resource.given
    for name, value in members.items():
        if name == status:
            resource.status, resource.then = value, None
        elif value is None:
            details.pop(name, None)
        else:
            details[name] = value
