"""SageMaker projects, and the resource policies of model package groups.

CreateProject does not say who creates: the service takes that from the caller's session in Studio, which there is none
of here. The tag `local-cloud:created-by`, the ARN of a user profile, stands for it: it becomes `CreatedBy` of the
project, and is not kept as a tag. A project without it was made outside Studio, and has no `CreatedBy`.

A project's product is not provisioned: there is no stack behind a project.
"""

import json

from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from service_model import Refused
from studio_state import GONE, LOOKS, Resource, all_seen, backend_of, identifier, listed, now, operation, seen, tags_of

CREATOR = "local-cloud:created-by"


def install() -> None:
    """moto makes a group anew when there is one of the name already."""
    create = SageMakerModelBackend.create_model_package_group

    def create_model_package_group(self, model_package_group_name, **arguments):
        known = self.model_package_groups.get(model_package_group_name)
        if known:
            raise Refused("ValidationException", f"Model Package Group already exists: {known.arn}")
        return create(self, model_package_group_name, **arguments)

    SageMakerModelBackend.create_model_package_group = create_model_package_group


@operation("CreateProject")
def _create_project(response, parameters) -> dict:
    backend, name = backend_of(response), parameters["ProjectName"]
    if any(each.details["ProjectName"] == name for each in all_seen(backend.projects)):
        raise Refused("ValidationException", f"Project {backend.arn('project', name)} already exists.")
    if not parameters.get("ServiceCatalogProvisioningDetails") and not parameters.get("TemplateProviders"):
        raise Refused("ValidationException", "ServiceCatalogProvisioningDetails or TemplateProviders is required.")
    tags = tags_of(parameters)
    profile = tags.pop(CREATOR, None)
    details = {each: value for each, value in parameters.items() if each not in ("Tags", "TemplateProviders")}
    details |= {"ProjectId": identifier("p-"), "CreationTime": now(), "LastModifiedTime": now()}
    if profile:
        domain_id, _, profile_name = profile.partition(":user-profile/")[2].partition("/")
        details["CreatedBy"] = {"UserProfileArn": profile, "UserProfileName": profile_name, "DomainId": domain_id}
    project = Resource(backend.arn("project", name), details, tags, "CreateInProgress", "CreateCompleted")
    project.details["ProjectArn"] = project.arn
    backend.projects[name] = project
    return {"ProjectArn": project.arn, "ProjectId": details["ProjectId"]}


@operation("DescribeProject")
def _describe_project(response, parameters) -> dict:
    return _project(response, parameters).shown_as("DescribeProjectOutput")


@operation("ListProjects")
def _list_projects(response, parameters) -> dict:
    found = all_seen(backend_of(response).projects)
    return listed(found, parameters, "ProjectSummaryList", "ProjectSummary", ("NameContains", "ProjectName"))


@operation("DeleteProject")
def _delete_project(response, parameters) -> dict:
    project = _project(response, parameters)
    if project.status.endswith("InProgress"):
        raise Refused("ConflictException", f"Project {project.arn} is {project.status}.")
    project.turn("DeleteInProgress", GONE, LOOKS)
    return {}


@operation("DeleteModelPackageGroup")
def _delete_group(response, parameters) -> dict:
    backend, models = backend_of(response), sagemaker_backends[response.current_account][response.region]
    name = parameters["ModelPackageGroupName"].rpartition("/")[2]
    group = models.describe_model_package_group(name)
    if any(each.model_package_group_name == name for each in models.model_packages.values()):
        raise Refused("ConflictException", f"Model Package Group {group.arn} cannot be deleted: it has model packages.")
    del models.model_package_groups[name]
    backend.group_policies.pop(name, None)
    return {}


@operation("PutModelPackageGroupPolicy")
def _put_policy(response, parameters) -> dict:
    name, arn = _group(response, parameters)
    try:
        policy = json.loads(parameters["ResourcePolicy"])
    except ValueError:
        policy = None
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise Refused("ValidationException", "ResourcePolicy is not a policy: it must be JSON with a Statement.")
    backend_of(response).group_policies[name] = parameters["ResourcePolicy"]
    return {"ModelPackageGroupArn": arn}


@operation("GetModelPackageGroupPolicy")
def _get_policy(response, parameters) -> dict:
    name, arn = _group(response, parameters)
    policies = backend_of(response).group_policies
    if name not in policies:
        raise Refused("ValidationException", f"Cannot find resource policy for: {arn}")
    return {"ResourcePolicy": policies[name]}


@operation("DeleteModelPackageGroupPolicy")
def _delete_policy(response, parameters) -> dict:
    name, arn = _group(response, parameters)
    if backend_of(response).group_policies.pop(name, None) is None:
        raise Refused("ValidationException", f"Cannot find resource policy for: {arn}")
    return {}


def _project(response, parameters: dict) -> Resource:
    backend, name = backend_of(response), parameters["ProjectName"]
    try:
        return seen(backend.projects, name, f"Project [{name}]")
    except Refused as refusal:
        # Unlike the operations of Studio, those of projects have no ResourceNotFound.
        raise Refused("ValidationException", f"Project {backend.arn('project', name)} does not exist.") from refusal


def _group(response, parameters: dict) -> tuple[str, str]:
    backend, name = backend_of(response), parameters["ModelPackageGroupName"]
    arn = backend.arn("model-package-group", name)
    if name not in sagemaker_backends[response.current_account][response.region].model_package_groups:
        raise Refused("ValidationException", f"Cannot find Model Package Group: {arn}")
    return name, arn
