"""Who a caller is, and which roles it may assume: the borders between the accounts in moto."""

import json
import os

from moto.core.responses import BaseResponse
from moto.iam.models import iam_backends
from moto.sts.models import STSBackend
from service_model import Refused

HUB_ACCOUNT_ID = os.environ.get("HUB_ACCOUNT_ID", "111111111111")


def install() -> None:
    BaseResponse.get_current_account = lambda self: account_of(self.get_access_key())
    assume = STSBackend.assume_role

    def assume_role(self, region_name, role_session_name, role_arn, policy, duration, external_id):
        _check_trust(self.account_id, role_arn, external_id)
        return assume(self, region_name, role_session_name, role_arn, policy, duration, external_id)

    STSBackend.assume_role = assume_role


def account_of(access_key: str) -> str:
    """The account of an access key; the hub's for keys that moto did not give out, which are those of its functions.

    moto's own variable for a default account would overrule the keys of assumed roles as well.
    """
    for account_id, partitions in list(iam_backends.items()):
        if any(access_key in backend.access_keys for backend in list(partitions.values())):
            return account_id
    return HUB_ACCOUNT_ID


def trusted(account_id: str, role_name: str, caller_account: str, external_id: str | None = None) -> bool:
    """Says whether the role exists and its trust policy lets someone of the caller's account in.

    Which role of that account is calling is not known here: the hub's roles live in the other emulator.
    """
    roles = iam_backends[account_id]["aws"].roles.values()
    role = next((each for each in roles if each.name == role_name), None)
    if role is None:
        return False
    statements = json.loads(role.assume_role_policy_document)["Statement"]
    return any(_allows(each, caller_account, external_id) for each in _listed(statements))


def _allows(statement: dict, caller_account: str, external_id: str | None) -> bool:
    principal = statement.get("Principal", {})
    named = ["*"] if principal == "*" else _listed(principal.get("AWS", []))
    admitted = any(each in ("*", caller_account) or f"::{caller_account}:" in each for each in named)
    wanted = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId")
    return (
        statement.get("Effect") == "Allow"
        and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action", [])))
        and admitted
        and (wanted is None or external_id in _listed(wanted))
    )


def _check_trust(caller_account: str, role_arn: str, external_id: str | None) -> None:
    account_id, role_name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    if account_id == HUB_ACCOUNT_ID or trusted(account_id, role_name, caller_account, external_id):
        return
    raise Refused(
        "AccessDenied",
        f"User: arn:aws:iam::{caller_account}:root is not authorized to perform: sts:AssumeRole "
        f"on resource: {role_arn}",
    )


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]
