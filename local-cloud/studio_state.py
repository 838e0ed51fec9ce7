"""Resources of SageMaker Studio: what is kept of them, and how their status changes while callers look at them.

Everything that takes the service minutes takes a caller here a number of looks: each answer that shows or counts a
resource is one. So tests see every status in turn without waiting.
"""

import random
import string
from dataclasses import dataclass, field
from datetime import datetime, timezone

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse
from moto.sagemaker.responses import SageMakerResponse
from service_model import Refused, supplement
from shapes import model_of, page

LOOKS = 1
DEFAULT_PAGE, LARGEST_PAGE = 10, 100
GONE = "Gone"


@dataclass
class Resource:
    """`details` are the members of its Describe answer, without the status; `then` the statuses that follow."""

    arn: str
    details: dict
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "Pending"
    then: str | None = "InService"
    looks: int = LOOKS

    def look(self) -> str:
        """The status that a caller sees now; GONE once there is nothing to see."""
        if self.then and self.looks == 0:
            self.status, self.then = self.then, None
        elif self.then:
            self.looks -= 1
        return self.status

    def turn(self, status: str, then: str, looks: int = LOOKS) -> None:
        self.status, self.then, self.looks = status, then, looks
        self.details["LastModifiedTime"] = now()

    def shown_as(self, shape: str) -> dict:
        """The answer of `shape`, as the resource is now."""
        known = {**self.details, "Status": self.status, "ProjectStatus": self.status}
        members = model_of("sagemaker").shape_for(shape).members
        return {name: known[name] for name in members if known.get(name) is not None}


class StudioBackend(BaseBackend):
    """Per account and region; moto empties it with everything else that derives from BaseBackend."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.domains: dict[str, Resource] = {}
        self.profiles: dict[tuple[str, str], Resource] = {}
        self.spaces: dict[tuple[str, str], Resource] = {}
        self.apps: dict[tuple[str, ...], Resource] = {}
        self.projects: dict[str, Resource] = {}
        self.group_policies: dict[str, str] = {}

    def arn(self, kind: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{kind}/{name}"

    def everything(self) -> list[Resource]:
        kinds = (self.domains, self.profiles, self.spaces, self.apps, self.projects)
        return [each for kind in kinds for each in list(kind.values())]


backends = BackendDict(StudioBackend, "sagemaker")


def backend_of(response: BaseResponse) -> StudioBackend:
    return backends[response.current_account][response.region]


def operation(name: str):
    return supplement(SageMakerResponse, "sagemaker", name)


def seen(resources: dict, key: object, what: str) -> Resource:
    """The resource, after a look at it; refused if there is none."""
    found = resources.get(key)
    if found is None or found.look() == GONE:
        resources.pop(key, None)
        raise Refused("ResourceNotFound", f"{what} not found.")
    return found


def all_seen(resources: dict) -> list[Resource]:
    """Every resource of a kind, after a look at each; those that are gone by now are forgotten."""
    for key, each in list(resources.items()):
        if each.look() == GONE:
            resources.pop(key, None)
    return list(resources.values())


def refuse_if_any(resource: Resource, kind: str, dependents: dict[str, list[Resource]]) -> None:
    """Refuses a deletion in the service's words."""
    for name, found in dependents.items():
        if found:
            raise Refused(
                "ResourceInUse", f"Unable to delete {kind} [{resource.arn}] because {name}(s) are associated with it."
            )


def refuse_if_changing(resource: Resource, kind: str) -> None:
    if resource.status in ("Pending", "Updating", "Deleting"):
        raise Refused("ResourceInUse", f"{kind} [{resource.arn}] is {resource.status}.")


def listed(found: list[Resource], parameters: dict, key: str, shape: str, by_name: tuple[str, str] | None = None):
    """The answer of a List operation: one page, in the order asked for; `by_name` is its filter and what it is on."""
    contains, name = by_name or ("", "")
    wanted = parameters.get(contains, "").lower()
    shown = [each.shown_as(shape) for each in found]
    shown = [each for each in shown if wanted in each.get(name, "").lower()]
    by = {"Name": name}.get(parameters.get("SortBy"), parameters.get("SortBy", "CreationTime"))
    shown.sort(key=lambda each: each[by], reverse=parameters.get("SortOrder") == "Descending")
    items, following = page(
        shown, parameters.get("NextToken"), parameters.get("MaxResults", DEFAULT_PAGE), LARGEST_PAGE
    )
    return {key: items} | ({"NextToken": following} if following else {})


def tags_of(parameters: dict) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in parameters.get("Tags", [])}


def identifier(prefix: str) -> str:
    return prefix + "".join(random.choices(string.ascii_lowercase + string.digits, k=12))


def now() -> datetime:
    return datetime.now(timezone.utc)
