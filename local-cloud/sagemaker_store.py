"""SageMaker's resources that moto lacks or keeps in part: kept whole, as the call that made them gave them.

One implementation of Create, Describe, List, Update, Start, Stop and Delete serves all kinds of `sagemaker_kinds.py`;
what each answers is cut out of what is kept by the service's model. A job goes on until it is stopped or until a test
ends it (`sagemaker_members.py`); every other passing status is left by being looked at.
"""

from collections.abc import Iterable
from datetime import datetime, timezone
from functools import cache

from botocore.utils import parse_timestamp
from moto.core.base_backend import BackendDict, BaseBackend
from sagemaker_kinds import BY_ARN_TYPE, KINDS, Change, Kind
from service_model import Refused
from shapes import model_of, page
from studio_state import GONE, Resource, all_seen, now, operation, tags_of

DEFAULT_PAGE, LARGEST_PAGE = 10, 100
TIMES = {name: name for name in ("CreationTime", "LastModifiedTime")} | {"ModifiedTime": "LastModifiedTime"}
DISASSOCIATED = {
    "DisassociateLifecycleConfig": ("LifecycleConfigName", "NotebookInstanceLifecycleConfigName"),
    "DisassociateAcceleratorTypes": ("AcceleratorTypes",),
    "DisassociateDefaultCodeRepository": ("DefaultCodeRepository",),
    "DisassociateAdditionalCodeRepositories": ("AdditionalCodeRepositories",),
}


class Store(BaseBackend):
    """Per account and region; moto empties it with everything else that derives from BaseBackend."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.resources: dict[str, dict[str, Resource]] = {kind.noun: {} for kind in KINDS}

    def arn(self, kind: Kind, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{kind.arn_type}/{name}"

    def of(self, kind: Kind) -> dict[str, Resource]:
        return self.resources[kind.noun]

    def find(self, arn: str) -> tuple[Kind, Resource] | None:
        """The resource of an ARN, in which capital letters do not count."""
        arn_type, _, name = arn.split(":", 5)[-1].partition("/")
        kind = BY_ARN_TYPE.get(arn_type)
        if kind is None:
            return None
        found = self.of(kind).get(name)
        found = found or next((each for each in list(self.of(kind).values()) if each.arn.lower() == arn.lower()), None)
        return (kind, found) if found else None


stores = BackendDict(Store, "sagemaker")


def store_of(response) -> Store:
    return stores[response.current_account][response.region]


def create(store: Store, kind: Kind, given: dict) -> Resource:
    """Makes a resource, or refuses one that is there already."""
    name = given[kind.name]
    details = {member: value for member, value in given.items() if member != "Tags"} | kind.more(given)
    status, then = kind.born
    resource = Resource(store.arn(kind, name), details, tags_of(given), status, then)
    resource.details |= {kind.arn_member: resource.arn, "CreationTime": now(), "LastModifiedTime": now()}
    if "MonitoringJobDefinitionArn" in summary_of(kind.plural)[1]:
        resource.details["MonitoringJobDefinitionArn"] = resource.arn
    if store.of(kind).setdefault(name, resource) is not resource:
        raise _exists(kind, store.of(kind)[name].arn)
    return resource


def change(store: Store, kind: Kind, verb: str, given: dict) -> Resource:
    """Does what a call of this verb does to a resource that is there."""
    resource, change = seen(store, kind, given[kind.name], verb), kind.changes[verb]
    if change.allowed and resource.status not in change.allowed:
        raise _not_now(kind, resource, change)
    if verb == "Update":
        _update(kind, resource.details, given)
    if change.to == GONE:
        store.of(kind).pop(given[kind.name], None)
    elif change.to and change.then:
        then = given.get("DesiredState", change.then) if verb == "Stop" else change.then
        resource.turn(change.to, then)
    else:
        resource.details["LastModifiedTime"] = now()
    return resource


def seen(store: Store, kind: Kind, name: str, verb: str = "Describe") -> Resource:
    """The resource, after a look at it; refused in the service's words if there is none."""
    resource = store.of(kind).get(name)
    if resource is None or resource.look() == GONE:
        store.of(kind).pop(name, None)
        code, text = kind.missing
        words = kind.words.capitalize()
        raise Refused(code, text.format(name=name, arn=store.arn(kind, name), verb=verb.lower(), words=words))
    return resource


def shown(kind: Kind, resource: Resource, members: Iterable[str]) -> dict:
    """Those of the members that the resource has."""
    known = {**resource.details, kind.status: resource.status} if kind.status else resource.details
    return {name: known[name] for name in members if known.get(name) is not None}


def listed(parameters: dict, plural: str, found: list[dict], name: str) -> dict:
    """The answer of List<plural>: one page of what its filters let through, in the order asked for.

    `found` is all there is to know of each, with its status as `Status` too, and `name` the member that names it.
    """
    shape, (items, members) = model_of("sagemaker").operation_model(f"List{plural}").input_shape, summary_of(plural)
    size = parameters.get("MaxResults", DEFAULT_PAGE)
    if size > LARGEST_PAGE:
        raise Refused(
            "ValidationException",
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: "
            f"Member must have value less than or equal to {LARGEST_PAGE}",
        )
    filters = {key: value for key, value in parameters.items() if key in shape.members}
    passing = [each for each in found if all(_passes(each, key, value, name) for key, value in filters.items())]
    by = parameters.get("SortBy", "CreationTime")
    member = {
        "Name": name,
        "IMAGE_NAME": name,
        "CREATION_TIME": "CreationTime",
        "LAST_MODIFIED_TIME": "LastModifiedTime",
    }
    passing.sort(key=lambda each: (str(each.get(member.get(by, by), "")), str(each[name])))
    if parameters.get("SortOrder", "Descending").lower() == "descending":
        passing.reverse()
    page_of, following = page(passing, parameters.get("NextToken"), size, LARGEST_PAGE)
    answer = [{key: each[key] for key in members if each.get(key) is not None} for each in page_of]
    return {items: answer} | ({"NextToken": following} if following else {})


@cache
def summary_of(plural: str) -> tuple[str, frozenset[str]]:
    """The member of a listing's answer that holds the items, and the members of one."""
    members = model_of("sagemaker").operation_model(f"List{plural}").output_shape.members
    items = next(name for name, shape in members.items() if shape.type_name == "list")
    return items, frozenset(members[items].member.members)


def _passes(known: dict, key: str, value: object, name: str) -> bool:
    """Says whether the filter `key` of a listing lets something through."""
    for suffix, compare in (("After", datetime.__gt__), ("Before", datetime.__lt__)):
        if key.endswith(suffix) and (member := TIMES.get(key.removesuffix(suffix))):
            return compare(moment(known[member]), moment(value))
    if key == "NameContains":
        return value.lower() in str(known[name]).lower()
    if key.endswith("Contains"):
        return value in str(known.get(key.removesuffix("Contains"), ""))
    if key == "AdditionalCodeRepositoryEquals":
        return value in known.get("AdditionalCodeRepositories", [])
    if key.endswith("Equals"):
        there = known.get(key.removesuffix("Equals"))
        return value == (there.get("Status") if isinstance(there, dict) else there)
    return known.get(key) == value if key in ("EndpointName", "MonitoringJobDefinitionName", "Type") else True


def moment(value: object) -> datetime:
    """A time as it comes in a request, seconds since 1970 or text, or as moto keeps it, without a zone."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return parse_timestamp(value).astimezone(timezone.utc)


def _update(kind: Kind, details: dict, given: dict) -> None:
    for name, value in given.items():
        if name in DISASSOCIATED:
            gone = DISASSOCIATED[name] if value else ()
        elif name == "DeleteProperties":
            gone = value
        else:
            gone = ()
            # The only member of which an update gives a part.
            details[name] = {**details[name], **value} if name == "ResourceConfig" else value
        for each in gone:
            details.pop(each, None)
    if "FeatureAdditions" in given:
        details["FeatureDefinitions"] = details["FeatureDefinitions"] + given["FeatureAdditions"]
    details |= kind.more(details)


def _exists(kind: Kind, arn: str) -> Refused:
    errors = {shape.name for shape in model_of("sagemaker").operation_model(f"Create{kind.noun}").error_shapes}
    if "ResourceInUse" in errors:
        return Refused("ResourceInUse", f"{kind.words.capitalize()} ({arn}) already exists.")
    return Refused("ValidationException", f"Cannot create a duplicate {kind.words.title()} ({arn})")


def _not_now(kind: Kind, resource: Resource, change: Change) -> Refused:
    if kind.noun == "NotebookInstance":
        reason = (
            f"Status ({resource.status}) not in ([{', '.join(change.allowed)}]). "
            f"Unable to transition to ({change.to}) for Notebook Instance ({resource.arn})"
        )
    else:
        reason = f"The request was rejected because the {kind.words} is in status {resource.status}."
    return Refused("ValidationException", reason)


def _add_operations(kind: Kind) -> None:
    operations, described = set(model_of("sagemaker").operation_names), kind.described

    def creating(response, parameters) -> dict:
        resource = create(store_of(response), kind, parameters)
        return _named_arn(f"Create{kind.noun}", resource)

    def describing(response, parameters) -> dict:
        return shown(kind, seen(store_of(response), kind, parameters[kind.name]), described)

    def listing(response, parameters) -> dict:
        found = [
            {**each.details, **({kind.status: each.status, "Status": each.status} if kind.status else {})}
            for each in all_seen(store_of(response).of(kind))
        ]
        return listed(parameters, kind.plural, found, kind.name)

    operation(f"Create{kind.noun}")(creating)
    operation(f"Describe{kind.noun}")(describing)
    operation(f"List{kind.plural}")(listing)
    for verb in kind.changes:

        def changing(response, parameters, verb=verb) -> dict:
            return _named_arn(f"{verb}{kind.base}", change(store_of(response), kind, verb, parameters))

        assert f"{verb}{kind.base}" in operations
        operation(f"{verb}{kind.base}")(changing)
    if kind.base != kind.noun:  # the first version of the interface, whose resources are the same
        operation(f"Create{kind.base}")(creating)
        old = model_of("sagemaker").operation_model(f"Describe{kind.base}").output_shape.members
        operation(f"Describe{kind.base}")(
            lambda response, parameters: shown(kind, seen(store_of(response), kind, parameters[kind.name]), old)
        )


def _named_arn(operation_name: str, resource: Resource) -> dict:
    """An answer that holds nothing but the ARN, if it holds anything."""
    shape = model_of("sagemaker").operation_model(operation_name).output_shape
    return {name: resource.arn for name in (shape.members if shape else ()) if name.endswith("Arn")}


for each_kind in KINDS:
    _add_operations(each_kind)
