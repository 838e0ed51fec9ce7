"""CloudFormation's operations that look at stack sets, their instances and their operations."""

from service_model import Refused
from shapes import page
from stack_set_engine import Instance, StackSet, planned_stack_id
from stack_sets import all_of, find, operation, operation_of

LARGEST_PAGE = 100


def instance_of(stack_set: StackSet, account: str, region: str) -> Instance:
    if (account, region) not in stack_set.instances:
        raise Refused(
            "StackInstanceNotFoundException",
            f"Stack instance not found for StackSet: {stack_set.name}, account: {account}, region: {region}",
        )
    return stack_set.instances[(account, region)]


@operation("DescribeStackSet")
def _describe(response, parameters) -> dict:
    found = find(response, parameters["StackSetName"])
    return {
        "StackSet": _without_none(
            {
                "StackSetName": found.name,
                "StackSetId": found.identifier,
                "StackSetARN": found.arn,
                "Status": found.status,
                "Description": found.description,
                "TemplateBody": found.template,
                "Capabilities": found.capabilities,
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value} for key, value in found.parameters.items()
                ],
                "Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()],
                "AdministrationRoleARN": found.administration_role,
                "ExecutionRoleName": found.execution_role,
                "PermissionModel": found.permission_model,
                "AutoDeployment": found.auto_deployment,
                "ManagedExecution": {"Active": False},
                "OrganizationalUnitIds": sorted({each.unit for each in found.instances.values() if each.unit}),
            }
        )
    }


@operation("ListStackSets")
def _list(response, parameters) -> dict:
    found = [
        _without_none(
            {
                "StackSetName": each.name,
                "StackSetId": each.identifier,
                "Description": each.description,
                "Status": each.status,
                "PermissionModel": each.permission_model,
                "AutoDeployment": each.auto_deployment,
            }
        )
        for each in all_of(response).values()
        if each.status == parameters.get("Status", each.status)
    ]
    return _paged(found, parameters)


@operation("DescribeStackInstance")
def _describe_instance(response, parameters) -> dict:
    stack_set = find(response, parameters["StackSetName"])
    instance = instance_of(stack_set, parameters["StackInstanceAccount"], parameters["StackInstanceRegion"])
    overrides = [{"ParameterKey": key, "ParameterValue": value} for key, value in instance.overrides.items()]
    return {"StackInstance": _summary(stack_set, instance) | {"ParameterOverrides": overrides}}


@operation("ListStackInstances")
def _list_instances(response, parameters) -> dict:
    stack_set = find(response, parameters["StackSetName"])
    wanted = {each["Name"]: each["Values"] for each in parameters.get("Filters", [])}
    found = [
        _summary(stack_set, each)
        for each in list(stack_set.instances.values())
        if each.account == parameters.get("StackInstanceAccount", each.account)
        and each.region == parameters.get("StackInstanceRegion", each.region)
        and wanted.get("DETAILED_STATUS", each.detailed_status) == each.detailed_status
        and wanted.get("LAST_OPERATION_ID", each.last_operation) == each.last_operation
    ]
    return _paged(found, parameters)


@operation("DescribeStackSetOperation")
def _describe_operation(response, parameters) -> dict:
    stack_set = find(response, parameters["StackSetName"])
    found = operation_of(stack_set, parameters["OperationId"])
    return {
        "StackSetOperation": _without_none(
            {
                "OperationId": found.identifier,
                "StackSetId": stack_set.identifier,
                "Action": found.action,
                "Status": found.status,
                "StatusReason": found.reason,
                "OperationPreferences": found.preferences,
                "RetainStacks": found.retain if found.action == "DELETE" else None,
                "AdministrationRoleARN": stack_set.administration_role,
                "ExecutionRoleName": stack_set.execution_role,
                "CreationTimestamp": found.created,
                "EndTimestamp": found.ended,
                "StatusDetails": {
                    "FailedStackInstancesCount": sum(each["Status"] == "FAILED" for each in found.results)
                },
            }
        )
    }


@operation("ListStackSetOperations")
def _list_operations(response, parameters) -> dict:
    found = [
        _without_none(
            {
                "OperationId": each.identifier,
                "Action": each.action,
                "Status": each.status,
                "StatusReason": each.reason,
                "CreationTimestamp": each.created,
                "EndTimestamp": each.ended,
                "OperationPreferences": each.preferences,
            }
        )
        for each in reversed(list(find(response, parameters["StackSetName"]).operations.values()))
    ]
    return _paged(found, parameters)


@operation("ListStackSetOperationResults")
def _list_results(response, parameters) -> dict:
    operation = operation_of(find(response, parameters["StackSetName"]), parameters["OperationId"])
    wanted = {each["Name"]: each["Values"] for each in parameters.get("Filters", [])}
    found = [
        dict(each)
        for each in operation.results
        if wanted.get("OPERATION_RESULT_STATUS", each["Status"]) == each["Status"]
    ]
    return _paged(found, parameters)


def _summary(stack_set: StackSet, instance: Instance) -> dict:
    return _without_none(
        {
            "StackSetId": stack_set.identifier,
            "Account": instance.account,
            "Region": instance.region,
            "StackId": planned_stack_id(stack_set, instance),
            "Status": instance.status,
            "StatusReason": instance.reason,
            "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
            "OrganizationalUnitId": instance.unit,
            "LastOperationId": instance.last_operation,
            "DriftStatus": "NOT_CHECKED",
        }
    )


def _paged(found: list[dict], parameters: dict) -> dict:
    items, following = page(found, parameters.get("NextToken"), parameters.get("MaxResults"), LARGEST_PAGE)
    return {"Summaries": items} | ({"NextToken": following} if following else {})


def _without_none(value: dict) -> dict:
    return {key: each for key, each in value.items() if each is not None}
