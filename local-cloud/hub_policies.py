"""Corrections to ministack's S3, KMS and SSM: what these services refuse to keep."""

import json
import re

from ministack.core.responses import error_response_json
from ministack.services import kms, s3, ssm

LARGEST_KEY_POLICY = 32 * 1024
LARGEST_VALUES = {"Standard": 4096, "Advanced": 8192}
MOST_NAMES = 10
# What IAM puts in the place of a principal that was deleted.
DELETED_PRINCIPAL = re.compile(r"A(ID|RO)A[A-Z0-9]{12,}")


def install() -> None:
    s3._put_bucket_policy = _put_bucket_policy(s3._put_bucket_policy)
    kms._put_key_policy = _put_key_policy(kms._put_key_policy)
    ssm._put_parameter = _put_parameter(ssm._put_parameter)
    ssm._get_parameters = _names_limited(ssm._get_parameters)
    ssm._delete_parameters = _names_limited(ssm._delete_parameters)


def problem_of(policy: str) -> str | None:
    """Why a policy of a resource is refused, if it is; which actions and conditions it has is not looked at."""
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        return "Policies must be valid JSON and have a Statement"
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            return "Missing required field Effect"
        if not {"Action", "NotAction"} & set(statement):
            return "Missing required field Action"
        if not {"Principal", "NotPrincipal"} & set(statement):
            return "Missing required field Principal"
        principals = statement.get("Principal", statement.get("NotPrincipal"))
        named = principals.get("AWS", []) if isinstance(principals, dict) else []
        if any(DELETED_PRINCIPAL.fullmatch(each) for each in (named if isinstance(named, list) else [named])):
            return "Invalid principal in policy"
    return None


def _put_bucket_policy(put):
    def put_bucket_policy(name, body):
        problem = problem_of(body.decode(errors="replace"))
        if name in s3._buckets and problem:
            return s3._error("MalformedPolicy", problem, 400, f"/{name}")
        return put(name, body)

    return put_bucket_policy


def _put_key_policy(put):
    def put_key_policy(data):
        policy = data.get("Policy", "")
        problem = problem_of(policy)
        if kms._resolve_key(data.get("KeyId", "")) and problem:
            return error_response_json("MalformedPolicyDocumentException", problem, 400)
        if len(policy.encode()) > LARGEST_KEY_POLICY:
            return error_response_json("LimitExceededException", "The policy is longer than 32 KB.", 400)
        return put(data)

    return put_key_policy


def _put_parameter(put):
    def put_parameter(data):
        tier = data.get("Tier") or ssm._default_tier(data, data.get("Value", ""), ssm._parameters.get(data.get("Name")))
        if len(data.get("Value", "").encode()) > LARGEST_VALUES.get(tier, LARGEST_VALUES["Advanced"]):
            message = f"{tier} tier parameters support a maximum parameter value of {LARGEST_VALUES[tier]} characters."
            return error_response_json("ValidationException", message, 400)
        return put(data)

    return put_parameter


def _names_limited(function):
    def limited(data):
        if len(data.get("Names", [])) > MOST_NAMES:
            message = (
                f"1 validation error detected: Value '{data['Names']}' at 'names' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MOST_NAMES}"
            )
            return error_response_json("ValidationException", message, 400)
        return function(data)

    return limited
