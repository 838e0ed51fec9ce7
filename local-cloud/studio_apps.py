"""Spaces and apps of SageMaker Studio: what runs in a domain, and what must have gone before the domain can."""

from service_model import Refused
from studio import ENDED, is_of, merge, next_user, profile_of, usable_domain
from studio_state import (
    GONE,
    Resource,
    StudioBackend,
    all_seen,
    backend_of,
    listed,
    now,
    operation,
    refuse_if_any,
    refuse_if_changing,
    seen,
    tags_of,
)

# An app takes longer to end than anything else.
LOOKS_UNTIL_DELETED = 2


@operation("CreateSpace")
def _create_space(response, parameters) -> dict:
    backend, name = backend_of(response), parameters["SpaceName"]
    key = usable_domain(backend, parameters), name
    ownership, sharing = parameters.get("OwnershipSettings"), parameters.get("SpaceSharingSettings")
    if bool(ownership) != bool(sharing):
        raise Refused("ValidationException", "OwnershipSettings and SpaceSharingSettings go together.")
    if ownership:
        profile_of(backend, {**parameters, "UserProfileName": ownership["OwnerUserProfileName"]})
    if key in backend.spaces:
        raise Refused("ResourceInUse", f"Space [{backend.spaces[key].arn}] already exists.")
    details = {each: value for each, value in parameters.items() if each != "Tags"}
    details |= {
        "HomeEfsFileSystemUid": next_user(backend),
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "Url": f"https://{key[0]}.studio.{backend.region_name}.sagemaker.aws/spaces/{name}",
    }
    space = Resource(backend.arn("space", f"{key[0]}/{name}"), details, tags_of(parameters))
    space.details["SpaceArn"] = space.arn
    backend.spaces[key] = space
    return {"SpaceArn": space.arn}


@operation("DescribeSpace")
def _describe_space(response, parameters) -> dict:
    return _space(backend_of(response), parameters).shown_as("DescribeSpaceResponse")


@operation("ListSpaces")
def _list_spaces(response, parameters) -> dict:
    found = [
        each
        for each in all_seen(backend_of(response).spaces)
        if is_of(each, parameters.get("DomainIdEquals", each.details["DomainId"]))
    ]
    for each in found:
        ownership, sharing = each.details.get("OwnershipSettings"), each.details.get("SpaceSharingSettings")
        app_type = each.details.get("SpaceSettings", {}).get("AppType")
        each.details |= {
            "OwnershipSettingsSummary": ownership,
            "SpaceSharingSettingsSummary": sharing,
            "SpaceSettingsSummary": {"AppType": app_type} if app_type else {},
        }
    return listed(found, parameters, "Spaces", "SpaceDetails", ("SpaceNameContains", "SpaceName"))


@operation("UpdateSpace")
def _update_space(response, parameters) -> dict:
    space = _space(backend_of(response), parameters)
    refuse_if_changing(space, "Space")
    merge(space.details, parameters)
    space.turn("Updating", "InService")
    return {"SpaceArn": space.arn}


@operation("DeleteSpace")
def _delete_space(response, parameters) -> dict:
    backend = backend_of(response)
    space = _space(backend, parameters)
    refuse_if_changing(space, "Space")
    owner = {name: parameters[name] for name in ("DomainId", "SpaceName")}
    apps = [each for each in all_seen(backend.apps) if each.details.items() >= owner.items()]
    refuse_if_any(space, "Space", {"App": [each for each in apps if each.status not in ENDED]})
    space.turn("Deleting", GONE)
    return {}


@operation("CreateApp")
def _create_app(response, parameters) -> dict:
    backend, key = backend_of(response), _key(parameters)
    usable_domain(backend, parameters)
    owner = profile_of(backend, parameters) if "UserProfileName" in parameters else _space(backend, parameters)
    if owner.status != "InService":
        raise Refused("ValidationException", f"[{owner.arn}] is not InService but {owner.status}.")
    known = backend.apps.get(key)
    if known and known.look() not in ENDED:
        raise Refused("ResourceInUse", f"App [{known.arn}] already exists.")
    details = {each: value for each, value in parameters.items() if each != "Tags"}
    details["CreationTime"] = now()
    domain_id, _, owner_name, app_type, name = key
    app = Resource(
        backend.arn("app", f"{domain_id}/{owner_name}/{app_type}/{name}".lower()), details, tags_of(parameters)
    )
    app.details["AppArn"] = app.arn
    backend.apps[key] = app
    return {"AppArn": app.arn}


@operation("DescribeApp")
def _describe_app(response, parameters) -> dict:
    return _app(backend_of(response), parameters).shown_as("DescribeAppResponse")


@operation("ListApps")
def _list_apps(response, parameters) -> dict:
    filters = {"DomainIdEquals": "DomainId", "UserProfileNameEquals": "UserProfileName", "SpaceNameEquals": "SpaceName"}
    wanted = {filters[name]: value for name, value in parameters.items() if name in filters}
    found = [each for each in all_seen(backend_of(response).apps) if each.details.items() >= wanted.items()]
    return listed(found, parameters, "Apps", "AppDetails")


@operation("DeleteApp")
def _delete_app(response, parameters) -> dict:
    app = _app(backend_of(response), parameters)
    if app.status == "Deleted":
        raise Refused("ValidationException", f"App [{app.arn}] has already been deleted.")
    if app.status == "Failed":
        raise Refused("ValidationException", f"App [{app.arn}] previously failed and was automatically deleted.")
    refuse_if_changing(app, "App")
    app.turn("Deleting", "Deleted", LOOKS_UNTIL_DELETED)
    return {}


def _space(backend: StudioBackend, parameters: dict) -> Resource:
    domain_id, name = parameters["DomainId"], parameters["SpaceName"]
    return seen(backend.spaces, (domain_id, name), f"Space [{domain_id}/{name}]")


def _app(backend: StudioBackend, parameters: dict) -> Resource:
    key = _key(parameters)
    return seen(backend.apps, key, f"App [{'/'.join(key)}]")


def _key(parameters: dict) -> tuple[str, ...]:
    owners = [name for name in ("UserProfileName", "SpaceName") if name in parameters]
    if len(owners) != 1:
        raise Refused("ValidationException", "Exactly one of UserProfileName and SpaceName is required.")
    given = ("DomainId", owners[0], "AppType", "AppName")
    domain_id, owner, app_type, name = (parameters[each] for each in given)
    return domain_id, owners[0], owner, app_type, name
