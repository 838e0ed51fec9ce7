"""What people do in a Studio domain: start apps, share a space, make a project."""

import time

from clients import Clients

LIMIT_SECONDS = 30.0


def start_apps(clients: Clients, domain_id: str, profile: str, apps: list[tuple[str, str]]) -> None:
    """Starts apps (type and name) of a profile and one of a space, which is what keeps a domain from being deleted."""
    sagemaker = clients.hub("sagemaker")
    for app_type, name in apps:
        sagemaker.create_app(DomainId=domain_id, UserProfileName=profile, AppType=app_type, AppName=name)
    sagemaker.create_space(
        DomainId=domain_id,
        SpaceName="shared",
        OwnershipSettings={"OwnerUserProfileName": profile},
        SpaceSharingSettings={"SharingType": "Shared"},
    )
    until(lambda: sagemaker.describe_space(DomainId=domain_id, SpaceName="shared")["Status"], "InService")
    sagemaker.create_app(DomainId=domain_id, SpaceName="shared", AppType="CodeEditor", AppName="default")
    until(lambda: ",".join({status for _, status in listed_apps(clients, domain_id)}), "InService")


def listed_apps(clients: Clients, domain_id: str) -> list[tuple[str, str]]:
    """Type and status of each app of a domain."""
    pages = clients.hub("sagemaker").get_paginator("list_apps").paginate(DomainIdEquals=domain_id)
    return sorted((each["AppType"], each["Status"]) for page in pages for each in page["Apps"])


def create_project(clients: Clients, name: str, domain_id: str, profile: str) -> None:
    """A project made from Studio; which profile made it the service would know by itself."""
    state = clients.state
    creator = f"arn:aws:sagemaker:{state['region']}:{state['account_id']}:user-profile/{domain_id}/{profile}"
    clients.hub("sagemaker").create_project(
        ProjectName=name,
        ServiceCatalogProvisioningDetails={"ProductId": "prod-aaaaaaaaaaaaa"},
        Tags=[{"Key": "local-cloud:created-by", "Value": creator}],
    )


def until(look, wanted: str) -> None:
    """Looks until it sees what is wanted."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := look()) != wanted:
        assert time.monotonic() < deadline, f"not {wanted} but {found}"
        time.sleep(0.05)
