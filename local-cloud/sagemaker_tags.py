"""Tags of SageMaker's resources: of Studio, of projects, of those that are kept whole, and of moto's."""

from moto.sagemaker.models import sagemaker_backends
from sagemaker_store import stores
from service_model import Refused
from shapes import page
from studio_state import Resource, backend_of, operation

KINDS = ("domain", "user-profile", "space", "app", "project")
MOST_TAGS = 50
# The service may answer fewer tags than asked for, so that even the 50 that a resource can have come in pages.
TAGS_PER_PAGE = 20


@operation("ListTags")
def _list(response, parameters) -> dict:
    tags = _Tags(response, parameters["ResourceArn"]).read()
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    items, following = page(listed, parameters.get("NextToken"), parameters.get("MaxResults"), TAGS_PER_PAGE)
    return {"Tags": items} | ({"NextToken": following} if following else {})


@operation("AddTags")
def _add(response, parameters) -> dict:
    owner = _Tags(response, parameters["ResourceArn"])
    tags = owner.read() | {each["Key"]: each["Value"] for each in parameters["Tags"]}
    if len(tags) > MOST_TAGS:
        raise Refused("ValidationException", f"A resource has at most {MOST_TAGS} tags.")
    owner.write(tags)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@operation("DeleteTags")
def _delete(response, parameters) -> dict:
    owner = _Tags(response, parameters["ResourceArn"])
    owner.write({key: value for key, value in owner.read().items() if key not in parameters["TagKeys"]})
    return {}


class _Tags:
    """The tags of one resource, wherever it is kept."""

    def __init__(self, response, arn: str):
        self.owner = self._found(response, arn)

    def _found(self, response, arn: str):
        account, region = response.current_account, response.region
        if arn.split(":", 5)[-1].partition("/")[0] in KINDS:
            found = next((each for each in backend_of(response).everything() if each.arn == arn), None)
        elif of_store := stores[account][region].find(arn):
            found = of_store[1]
        else:
            found = sagemaker_backends[account][region]._get_resource_from_arn(arn)
        if found is None:
            raise Refused("ResourceNotFound", f"Resource [{arn}] not found.")
        return found

    def read(self) -> dict[str, str]:
        if isinstance(self.owner, Resource):
            return dict(self.owner.tags)
        return {each["Key"]: each["Value"] for each in self.owner.tags or []}

    def write(self, tags: dict[str, str]) -> None:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.owner.tags = tags if isinstance(self.owner, Resource) else listed
