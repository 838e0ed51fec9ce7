"""Roles and managed policies of IAM in moto's stacks, and AWS's own managed policies as they are asked for.

moto keeps the policies of a stack's role in Python's form, attaches no managed policies to it, updates neither its
policies nor whom it trusts, forgets to update or delete a managed policy, and has all of AWS's policies or none.
"""

import json
from functools import cache

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, Role, iam_backends
from moto.utilities.utils import get_partition


def install() -> None:
    create, delete = Role.create_from_cloudformation_json, Role.delete_from_cloudformation_json

    def create_role(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        role = create(resource_name, cloudformation_json, account_id, region_name, **kwargs)
        _apply(_backend(account_id, region_name), role, cloudformation_json["Properties"])
        return role

    def update_role(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        _apply(_backend(account_id, region_name), original_resource, cloudformation_json["Properties"])
        return original_resource

    def delete_role(cls, resource_name, cloudformation_json, account_id, region_name):
        _detach_all(_backend(account_id, region_name).get_role(resource_name))
        delete(resource_name, cloudformation_json, account_id, region_name)

    Role.create_from_cloudformation_json = classmethod(create_role)
    Role.update_from_cloudformation_json = classmethod(update_role)
    Role.delete_from_cloudformation_json = classmethod(delete_role)
    ManagedPolicy.update_from_cloudformation_json = classmethod(_update_policy)
    ManagedPolicy.delete_from_cloudformation_json = classmethod(_delete_policy)
    attach = IAMBackend.attach_role_policy

    def attach_role_policy(self, policy_arn, role_name):
        _know(self, policy_arn)
        return attach(self, policy_arn, role_name)

    IAMBackend.attach_role_policy = attach_role_policy


def _apply(backend: IAMBackend, role: Role, properties: dict) -> None:
    trust = properties["AssumeRolePolicyDocument"]
    backend.update_assume_role_policy(role.name, trust if isinstance(trust, str) else json.dumps(trust, default=str))
    backend.update_role(role.name, properties.get("Description", ""), properties.get("MaxSessionDuration", 3600))
    backend.put_role_permissions_boundary(role.name, properties.get("PermissionsBoundary", ""))
    role.policies = {each["PolicyName"]: _document(each["PolicyDocument"]) for each in properties.get("Policies", [])}
    _detach_all(role)
    for arn in properties.get("ManagedPolicyArns", []):
        backend.attach_role_policy(arn, role.name)


def _detach_all(role: Role) -> None:
    for policy in list(role.managed_policies.values()):
        policy.detach_from(role)


def _know(backend: IAMBackend, arn: str) -> None:
    name = arn.rpartition("/")[2]
    if ":iam::aws:policy/" in arn and arn not in backend.managed_policies and name in _policies_of_aws():
        policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, _policies_of_aws()[name])
        backend.managed_policies[policy.arn] = policy


@cache
def _policies_of_aws() -> dict[str, dict]:
    return json.loads(aws_managed_policies_data)


def _update_policy(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    backend, policy = _backend(account_id, region_name), original_resource
    for version in backend.list_policy_versions(policy.arn):
        if not version.is_default:
            backend.delete_policy_version(policy.arn, version.version_id)
    document = _document(cloudformation_json["Properties"]["PolicyDocument"])
    backend.create_policy_version(policy.arn, document, True)
    return policy


def _delete_policy(cls, resource_name, cloudformation_json, account_id, region_name) -> None:
    """By its ARN, which `Ref` gives; its properties are not resolved any more."""
    backend = _backend(account_id, region_name)
    policy = backend.get_policy(resource_name)
    for role in backend.roles.values():
        if policy.arn in role.managed_policies:
            policy.detach_from(role)
    backend.delete_policy(policy.arn)


def _document(given: str | dict) -> str:
    return given if isinstance(given, str) else json.dumps(given, default=str)


def _backend(account_id: str, region_name: str) -> IAMBackend:
    return iam_backends[account_id][get_partition(region_name)]
