"""Domains and user profiles of SageMaker Studio, as far as stacks and functions of an environment see them."""

import studio_network
from service_model import Refused
from studio_state import (
    GONE,
    Resource,
    StudioBackend,
    all_seen,
    backend_of,
    identifier,
    listed,
    now,
    operation,
    refuse_if_any,
    refuse_if_changing,
    seen,
    tags_of,
)

# An app that is not there any more does not hold anything, though it is still listed.
ENDED = ("Deleted", "Failed")
SETTINGS_OF_UPDATE = {"DomainSettingsForUpdate": "DomainSettings"}
FIRST_USER = 200001


@operation("CreateDomain")
def _create_domain(response, parameters) -> dict:
    backend, name = backend_of(response), parameters["DomainName"]
    if not parameters.get("VpcId") or not parameters.get("SubnetIds"):
        raise Refused("ValidationException", "VpcId and SubnetIds are required.")
    if any(each.details["DomainName"] == name for each in backend.domains.values()):
        raise Refused("ResourceInUse", f"Domain with name {name} already exists.")
    domain_id = identifier("d-")
    domain = Resource(backend.arn("domain", domain_id), _details(parameters), tags_of(parameters))
    domain.details |= {
        "DomainArn": domain.arn,
        "DomainId": domain_id,
        "Url": f"https://{domain_id}.studio.{backend.region_name}.sagemaker.aws",
        "CreationTime": now(),
        "LastModifiedTime": now(),
    }
    backend.domains[domain_id] = domain  # takes the name, before anything is made for it
    try:
        storage = studio_network.create(backend.account_id, backend.region_name, domain.details)
    except Exception:
        del backend.domains[domain_id]
        raise
    domain.details["HomeEfsFileSystemId"] = storage
    return domain.shown_as("CreateDomainResponse")


def _details(parameters: dict) -> dict:
    defaults = {"AppNetworkAccessType": "PublicInternetOnly", "HomeEfsFileSystemCreation": "Enabled"}
    details = defaults | {name: value for name, value in parameters.items() if name != "Tags"}
    if "RStudioServerProDomainSettings" in details.get("DomainSettings", {}):
        # Between the apps of RStudio; a domain without it has no such group.
        details["SecurityGroupIdForDomainBoundary"] = identifier("sg-")
    return details


@operation("DescribeDomain")
def _describe_domain(response, parameters) -> dict:
    domain = _domain(backend_of(response), parameters)
    answer = domain.shown_as("DescribeDomainResponse")
    if domain.status == "Pending":
        # What is still being made is not shown.
        answer = {name: value for name, value in answer.items() if name not in ("HomeEfsFileSystemId", "Url")}
    return answer


@operation("ListDomains")
def _list_domains(response, parameters) -> dict:
    return listed(all_seen(backend_of(response).domains), parameters, "Domains", "DomainDetails")


@operation("UpdateDomain")
def _update_domain(response, parameters) -> dict:
    domain = _domain(backend_of(response), parameters)
    refuse_if_changing(domain, "Domain")
    changed = {SETTINGS_OF_UPDATE.get(name, name): value for name, value in parameters.items()}
    merge(domain.details, changed)
    domain.turn("Updating", "InService")
    return {"DomainArn": domain.arn}


@operation("DeleteDomain")
def _delete_domain(response, parameters) -> dict:
    backend = backend_of(response)
    domain = _domain(backend, parameters)
    refuse_if_changing(domain, "Domain")
    domain_id = parameters["DomainId"]
    within = {
        "UserProfile": [each for each in all_seen(backend.profiles) if is_of(each, domain_id)],
        "Space": [each for each in all_seen(backend.spaces) if is_of(each, domain_id)],
        "App": [each for each in all_seen(backend.apps) if is_of(each, domain_id) and each.status not in ENDED],
    }
    refuse_if_any(domain, "Domain", within)
    if parameters.get("RetentionPolicy", {}).get("HomeEfsFileSystem", "Retain") == "Delete":
        studio_network.delete(backend.account_id, backend.region_name, domain.details)
    for key, app in list(backend.apps.items()):
        if is_of(app, domain_id):
            del backend.apps[key]
    domain.turn("Deleting", GONE)
    return {}


@operation("CreateUserProfile")
def _create_profile(response, parameters) -> dict:
    backend = backend_of(response)
    domain_id, name = parameters["DomainId"], parameters["UserProfileName"]
    key = usable_domain(backend, parameters), name
    if key in backend.profiles:
        raise Refused("ResourceInUse", f"UserProfile [{backend.profiles[key].arn}] already exists.")
    details = {each: value for each, value in parameters.items() if each != "Tags"}
    details |= {"HomeEfsFileSystemUid": next_user(backend), "CreationTime": now(), "LastModifiedTime": now()}
    profile = Resource(backend.arn("user-profile", f"{domain_id}/{name}".lower()), details, tags_of(parameters))
    profile.details["UserProfileArn"] = profile.arn
    backend.profiles[key] = profile
    return {"UserProfileArn": profile.arn}


@operation("DescribeUserProfile")
def _describe_profile(response, parameters) -> dict:
    return profile_of(backend_of(response), parameters).shown_as("DescribeUserProfileResponse")


@operation("ListUserProfiles")
def _list_profiles(response, parameters) -> dict:
    found = [
        each
        for each in all_seen(backend_of(response).profiles)
        if is_of(each, parameters.get("DomainIdEquals", each.details["DomainId"]))
    ]
    by_name = ("UserProfileNameContains", "UserProfileName")
    return listed(found, parameters, "UserProfiles", "UserProfileDetails", by_name)


@operation("UpdateUserProfile")
def _update_profile(response, parameters) -> dict:
    profile = profile_of(backend_of(response), parameters)
    refuse_if_changing(profile, "UserProfile")
    merge(profile.details, parameters)
    profile.turn("Updating", "InService")
    return {"UserProfileArn": profile.arn}


@operation("DeleteUserProfile")
def _delete_profile(response, parameters) -> dict:
    backend = backend_of(response)
    profile = profile_of(backend, parameters)
    refuse_if_changing(profile, "UserProfile")
    owner = {name: parameters[name] for name in ("DomainId", "UserProfileName")}
    apps = [each for each in all_seen(backend.apps) if each.details.items() >= owner.items()]
    spaces = [
        each
        for each in all_seen(backend.spaces)
        if is_of(each, owner["DomainId"])
        and each.details.get("OwnershipSettings", {}).get("OwnerUserProfileName") == owner["UserProfileName"]
    ]
    running = [each for each in apps if each.status not in ENDED]
    refuse_if_any(profile, "UserProfile", {"App": running, "Space": spaces})
    profile.turn("Deleting", GONE)
    return {}


def usable_domain(backend: StudioBackend, parameters: dict) -> str:
    """The id of a domain in which something can be made."""
    domain = _domain(backend, parameters)
    if domain.status != "InService":
        raise Refused("ValidationException", f"Domain [{domain.arn}] is not InService but {domain.status}.")
    return parameters["DomainId"]


def profile_of(backend: StudioBackend, parameters: dict) -> Resource:
    domain_id, name = parameters["DomainId"], parameters["UserProfileName"]
    return seen(backend.profiles, (domain_id, name), f"UserProfile [{domain_id}/{name}]")


def _domain(backend: StudioBackend, parameters: dict) -> Resource:
    return seen(backend.domains, parameters["DomainId"], f"Domain [{parameters['DomainId']}]")


def is_of(resource: Resource, domain_id: str) -> bool:
    return resource.details["DomainId"] == domain_id


def merge(details: dict, changed: dict) -> None:
    """An update of settings changes what it names."""
    for name, value in changed.items():
        if isinstance(value, dict) and isinstance(details.get(name), dict):
            merge(details[name], value)
        else:
            details[name] = value


def next_user(backend: StudioBackend) -> str:
    users = [*backend.profiles.values(), *backend.spaces.values()]
    return str(max((int(each.details["HomeEfsFileSystemUid"]) for each in users), default=FIRST_USER - 1) + 1)
