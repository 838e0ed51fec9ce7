"""Which accounts a stack-set operation addresses, by list or by organizational unit."""

from moto.organizations.models import organizations_backends
from service_model import Refused
from stack_set_engine import Instance, StackSet

TRUSTED_SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"


def check_model(response, model: str, parameters: dict) -> None:
    """Refuses what AWS refuses of a new stack set's permission model."""
    if model == "SERVICE_MANAGED" and TRUSTED_SERVICE not in _trusted_services(response):
        raise _invalid("You must enable organizations access to operate a service managed stack set")
    if model == "SELF_MANAGED" and parameters.get("AutoDeployment"):
        raise _invalid("AutoDeployment is only supported for service managed stack sets")


def given(parameters: dict) -> bool:
    return bool(parameters.get("Accounts") or parameters.get("DeploymentTargets"))


def accounts(response, stack_set: StackSet, parameters: dict) -> list[tuple[str, str | None]]:
    """The accounts addressed, each with the organizational unit through which it is."""
    wanted = parameters.get("DeploymentTargets") or {}
    units, listed = wanted.get("OrganizationalUnitIds", []), wanted.get("Accounts", [])
    if stack_set.permission_model == "SELF_MANAGED":
        if units:
            raise _invalid("StackSets with SELF_MANAGED permission model can only have accounts as target")
        chosen = parameters.get("Accounts") or listed
        if not chosen:
            raise _invalid("Accounts list cannot be empty")
        return [(account, None) for account in chosen]
    if not units or parameters.get("Accounts"):
        raise _invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    members = _members(response, units)
    kind = wanted.get("AccountFilterType", "INTERSECTION" if listed else "NONE")
    if kind == "INTERSECTION":
        return [each for each in members if each[0] in listed]
    if kind == "DIFFERENCE":
        return [each for each in members if each[0] not in listed]
    if kind == "UNION":
        found = {account for account, _ in members}
        return members + [(account, None) for account in listed if account not in found]
    return members


def existing(response, stack_set: StackSet, parameters: dict) -> list[Instance]:
    """The stack instances addressed, in the regions given."""
    chosen = []
    by_unit = stack_set.permission_model == "SERVICE_MANAGED"
    for account, _ in accounts(response, stack_set, parameters):
        for region in parameters.get("Regions", []):
            if (account, region) in stack_set.instances:
                chosen.append(stack_set.instances[(account, region)])
            elif not by_unit:
                raise Refused(
                    "StackInstanceNotFoundException",
                    f"Stack instance not found for StackSet: {stack_set.name}, account: {account}, region: {region}",
                )
    return chosen


def _members(response, units: list[str]) -> list[tuple[str, str]]:
    """Accounts of the units and of all units below; never the management account, which AWS leaves out."""
    backend = organizations_backends[response.current_account][response.partition]
    known = {unit.id: unit.parent_id for unit in backend.ou}
    roots = {backend.org.root_id} if backend.org else set()
    for unit in units:
        if unit not in known and unit not in roots:
            raise _invalid(f"Organizational unit {unit} does not exist in the organization")
    found = []
    for account in backend.accounts:
        parent = account.parent_id
        while parent not in units and parent in known:
            parent = known[parent]
        if parent in units and account.status == "ACTIVE" and account.id != response.current_account:
            found.append((account.id, parent))
    return found


def _trusted_services(response) -> set[str]:
    backend = organizations_backends[response.current_account][response.partition]
    return {each["ServicePrincipal"] for each in backend.services}


def _invalid(message: str) -> Refused:
    return Refused("ValidationError", message)
