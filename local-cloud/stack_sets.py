"""CloudFormation's operations that change stack sets, held to the service's model, over `stack_set_engine.py`."""

import re
import threading
import uuid

import stack_set_targets as targets
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from service_model import Refused, supplement
from stack_set_engine import Instance, Operation, StackSet, start, wait_for_operations
from stack_set_templates import checked_values, template_of

__all__ = ["install", "wait_for_operations"]

_lock = threading.Lock()


def install() -> None:
    """Lets the answers through as they are; the operations were added when this module was imported."""
    for member in ("Parameters", "Tags"):  # moto's own answer has them in another form, and makes it over
        CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop(f"DescribeStackSetOutput.StackSet.{member}")


def operation(name: str):
    return supplement(CloudFormationResponse, "cloudformation", name, invalid="ValidationError")


def all_of(response) -> dict[str, StackSet]:
    """The stack sets of the calling account and region, kept in moto's backend so that a reset empties them."""
    backend = cloudformation_backends[response.current_account][response.region]
    return backend.__dict__.setdefault("local_cloud_stack_sets", {})


def find(response, name: str) -> StackSet:
    for each in all_of(response).values():
        if each.status == "ACTIVE" and name in (each.name, each.identifier, each.arn):
            return each
    raise Refused("StackSetNotFoundException", f"StackSet {name} not found")


def _begin(stack_set: StackSet, action: str, parameters: dict, instances: list[Instance], retain: bool = False) -> dict:
    identifier = parameters.get("OperationId") or str(uuid.uuid4())
    if identifier in stack_set.operations:
        raise Refused("OperationIdAlreadyExistsException", f"Operation {identifier} already exists")
    start(stack_set, Operation(identifier, action, parameters.get("OperationPreferences", {}), retain), instances)
    return {"OperationId": identifier}


def _refuse_if_busy(stack_set: StackSet) -> None:
    if stack_set.busy:
        raise Refused(
            "OperationInProgressException", f"Another Operation on StackSet {stack_set.identifier} is in progress"
        )


@operation("CreateStackSet")
def _create(response, parameters) -> dict:
    name, token = parameters["StackSetName"], parameters.get("ClientRequestToken")
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
        raise Refused(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
        )
    template, capabilities = template_of(parameters), parameters.get("Capabilities", [])
    values = checked_values(template, parameters.get("Parameters", []), capabilities, {})
    model = parameters.get("PermissionModel", "SELF_MANAGED")
    targets.check_model(response, model, parameters)
    with _lock:
        for each in all_of(response).values():
            if each.status == "ACTIVE" and each.name == name:
                if token and each.token == token:
                    return {"StackSetId": each.identifier}
                raise Refused("NameAlreadyExistsException", f"StackSet {name} already exists")
        identifier = f"{name}:{uuid.uuid4()}"
        account = response.current_account
        all_of(response)[identifier] = StackSet(
            identifier=identifier,
            arn=f"arn:{response.partition}:cloudformation:{response.region}:{account}:stackset/{identifier}",
            name=name,
            account=account,
            template=template,
            parameters=values,
            capabilities=capabilities,
            tags={each["Key"]: each["Value"] for each in parameters.get("Tags", [])},
            description=parameters.get("Description"),
            permission_model=model,
            administration_role=parameters.get("AdministrationRoleARN"),
            execution_role=parameters.get("ExecutionRoleName", "AWSCloudFormationStackSetExecutionRole"),
            auto_deployment=parameters.get("AutoDeployment"),
            token=token,
        )
    return {"StackSetId": identifier}


@operation("UpdateStackSet")
def _update(response, parameters) -> dict:
    with _lock:
        stack_set = find(response, parameters["StackSetName"])
        _refuse_if_busy(stack_set)
        template = template_of(parameters, previous=stack_set.template)
        capabilities = parameters.get("Capabilities", [])
        values = checked_values(template, parameters.get("Parameters", []), capabilities, stack_set.parameters)
        everything = list(stack_set.instances.values())
        chosen = targets.existing(response, stack_set, parameters) if targets.given(parameters) else everything
        changes = (stack_set.template, stack_set.parameters) != (template, values)
        stack_set.template, stack_set.parameters = template, values
        stack_set.description = parameters.get("Description", stack_set.description)
        stack_set.administration_role = parameters.get("AdministrationRoleARN", stack_set.administration_role)
        stack_set.execution_role = parameters.get("ExecutionRoleName", stack_set.execution_role)
        if "Tags" in parameters:
            stack_set.tags = {each["Key"]: each["Value"] for each in parameters["Tags"]}
        for instance in everything if changes else chosen:
            instance.status = "OUTDATED"  # those that this operation does not name stay so
        return _begin(stack_set, "UPDATE", parameters, chosen)


@operation("CreateStackInstances")
def _create_instances(response, parameters) -> dict:
    overrides = {
        each["ParameterKey"]: each.get("ParameterValue", "") for each in parameters.get("ParameterOverrides", [])
    }
    with _lock:
        stack_set = find(response, parameters["StackSetName"])
        _refuse_if_busy(stack_set)
        chosen = []
        for account, unit in targets.accounts(response, stack_set, parameters):
            for region in parameters["Regions"]:
                # An instance that is there is deployed again, which changes nothing unless it is outdated.
                known = stack_set.instances.setdefault((account, region), Instance(account, region, unit, overrides))
                known.overrides = overrides or known.overrides
                chosen.append(known)
        return _begin(stack_set, "CREATE", parameters, chosen)


@operation("UpdateStackInstances")
def _update_instances(response, parameters) -> dict:
    with _lock:
        stack_set = find(response, parameters["StackSetName"])
        _refuse_if_busy(stack_set)
        chosen = targets.existing(response, stack_set, parameters)
        if "ParameterOverrides" in parameters:
            for instance in chosen:
                instance.overrides = {
                    each["ParameterKey"]: instance.overrides.get(each["ParameterKey"], "")
                    if each.get("UsePreviousValue")
                    else each.get("ParameterValue", "")
                    for each in parameters["ParameterOverrides"]
                }
        return _begin(stack_set, "UPDATE", parameters, chosen)


@operation("DeleteStackInstances")
def _delete_instances(response, parameters) -> dict:
    with _lock:
        stack_set = find(response, parameters["StackSetName"])
        _refuse_if_busy(stack_set)
        chosen = targets.existing(response, stack_set, parameters)
        return _begin(stack_set, "DELETE", parameters, chosen, retain=parameters["RetainStacks"])


@operation("DeleteStackSet")
def _delete(response, parameters) -> dict:
    with _lock:
        stack_set = find(response, parameters["StackSetName"])
        _refuse_if_busy(stack_set)
        if stack_set.instances:
            raise Refused("StackSetNotEmptyException", f"StackSet {stack_set.name} is not empty")
        stack_set.status = "DELETED"
    return {}


@operation("StopStackSetOperation")
def _stop(response, parameters) -> dict:
    operation = operation_of(find(response, parameters["StackSetName"]), parameters["OperationId"])
    if operation.status != "RUNNING":
        raise Refused("InvalidOperationException", f"Operation {operation.identifier} is not running")
    operation.status = "STOPPED"
    return {}


def operation_of(stack_set: StackSet, identifier: str) -> Operation:
    if identifier not in stack_set.operations:
        raise Refused("OperationNotFoundException", f"Operation {identifier} not found")
    return stack_set.operations[identifier]
