"""Corrections to ministack's DynamoDB: what a template says of a table beside its keys."""

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

TYPE = "AWS::DynamoDB::Table"


def install() -> None:
    """Makes stacks set when items expire and that a table can be restored, which ministack's leave out."""
    handlers = provisioners._RESOURCE_HANDLERS[TYPE]
    for verb, properties_at in (("create", 1), ("update", 2)):
        handle = handlers[verb]

        def handler(*arguments, handle=handle, properties_at=properties_at, **more):
            made = handle(*arguments, **more)
            _apply(made[0], arguments[properties_at])
            return made

        handlers[verb] = handler


def _apply(table: str, props: dict) -> None:
    expiry, restoring = (
        props.get(name, {}) for name in ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")
    )
    if expiry:
        specification = {"AttributeName": expiry["AttributeName"], "Enabled": _is_true(expiry["Enabled"])}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": specification})
    dynamodb._pitr_settings[table] = _is_true(restoring.get("PointInTimeRecoveryEnabled", False))


def _is_true(value: object) -> bool:
    """Scalars of a template may be strings."""
    return str(value).lower() == "true"
