"""Corrections to ministack's Step Functions: where an execution of the platform's state machine would see no AWS."""

import json
import re

from ministack.core.responses import get_region
from ministack.services import sns, stepfunctions

LARGEST_DATA = 256 * 1024
CLOUDWATCH = {"target_prefix": "GraniteServiceVersion20100801", "protocol": "json", "service_key": "monitoring"}
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")


def install() -> None:
    _assign_at_once()
    _give_outputs_of_ends()
    _limit_data()
    _wait_for_tokens()
    _send_events_with_details()
    _refuse_unpublished_messages()
    _name_errors_as_the_sdk_does()
    # Lists of an answer stay lists, however many members they have: in the query protocol, nothing says which they are.
    stepfunctions._AWS_SDK_SERVICE_MAP["cloudwatch"] = CLOUDWATCH


def _assign_at_once() -> None:
    """The expressions of one Assign see the variables as they were before it; and a variable has to be there."""
    evaluate = stepfunctions._evaluate_jsonata

    def apply_state_assign(state, raw_input, ctx, result=None, error_output=None):
        if ctx is None or stepfunctions._state_query_language(state, ctx) != "JSONata":
            return
        given = {
            name: stepfunctions._apply_jsonata_template(template, raw_input, ctx, result, error_output)
            for name, template in (state.get("Assign") or {}).items()
        }
        for name, value in given.items():
            _check_size(f"variable {name}", value)
        ctx.setdefault("variables", {}).update(given)

    def evaluate_jsonata(expression, raw_input, ctx=None, result=None, error_output=None):
        missing = unassigned(expression, (ctx or {}).get("variables", {}))
        if missing:
            text = f"The variable(s) '{', '.join(missing)}' have not been assigned: {expression}"
            raise stepfunctions._ExecutionError("States.QueryEvaluationError", text)
        return evaluate(expression, raw_input, ctx, result, error_output)

    stepfunctions._apply_state_assign = apply_state_assign
    stepfunctions._evaluate_jsonata = evaluate_jsonata


def unassigned(expression: str, variables: dict) -> list[str]:
    """Variables that an expression reads and that neither it nor an earlier state has given a value.

    Whatever AWS makes of one: a definition that reads what it has not written is wrong, and here it shows.
    """
    code = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "''", expression)
    bound = set(re.findall(r"\$([A-Za-z_]\w*)\s*(?::=|\()", code)) | {"states"}
    bound |= {name for found in re.findall(r"function\s*\(([^)]*)\)", code) for name in _VARIABLE.findall(found)}
    return sorted(set(_VARIABLE.findall(code)) - bound - set(variables))


def _give_outputs_of_ends() -> None:
    """A Succeed state's Output counts; ministack knows only OutputPath, of the other query language."""
    apply_path = stepfunctions._apply_output_path

    def apply_output_path(state, data, ctx=None):
        if state.get("Type") == "Succeed" and stepfunctions._state_query_language(state, ctx) == "JSONata":
            return stepfunctions._apply_jsonata_output(state, data, ctx, default=data)
        return apply_path(state, data, ctx)

    stepfunctions._apply_output_path = apply_output_path


def _limit_data() -> None:
    """What a state takes and gives, and each variable, has 256 KiB at most."""
    for kind in ("_execute_pass", "_execute_task", "_execute_choice", "_execute_wait"):
        execute = getattr(stepfunctions, kind)

        def limited(state, raw_input, *arguments, execute=execute):
            output, following = execute(state, raw_input, *arguments)
            _check_size("output", output)
            return output, following

        setattr(stepfunctions, kind, limited)


def _check_size(what: str, value: object) -> None:
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > LARGEST_DATA:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            f"The {what} has {size} bytes, more than the {LARGEST_DATA} that a state may have.",
        )


def _wait_for_tokens() -> None:
    """The time until an answer has to be there may be an expression, and passes as fast as the other times do."""
    wait = stepfunctions._invoke_with_callback
    execute = stepfunctions._execute_task

    def execute_task(state, raw_input, execution, ctx):
        if "TimeoutSeconds" not in state or stepfunctions._state_query_language(state, ctx) != "JSONata":
            return execute(state, raw_input, execution, ctx)
        seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", raw_input, ctx)
        return execute({**state, "TimeoutSeconds": seconds}, raw_input, execution, ctx)

    def invoke_with_callback(resource, input_data, token, state):
        scaled = state.get("TimeoutSeconds", 99999) * stepfunctions._SFN_WAIT_SCALE
        return wait(resource, input_data, token, {**state, "TimeoutSeconds": scaled})

    stepfunctions._execute_task = execute_task
    stepfunctions._invoke_with_callback = invoke_with_callback


def _send_events_with_details() -> None:
    """The optimized integration takes a Detail as JSON and fails where an event is refused."""
    put = stepfunctions._invoke_events_put_events

    def put_events(resource, given):
        entries = [
            {
                **each,
                "Detail": each["Detail"] if isinstance(each.get("Detail"), str) else json.dumps(each.get("Detail")),
            }
            for each in given.get("Entries", [])
        ]
        answer = put(resource, {**given, "Entries": entries})
        if answer.get("FailedEntryCount"):
            raise stepfunctions._ExecutionError("EventBridge.FailedEntry", json.dumps(answer["Entries"]))
        return answer

    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::events:putEvents"] = put_events


def _refuse_unpublished_messages() -> None:
    """A topic that is not there is no ServiceException; and a subject that SNS refuses is refused."""
    publish = stepfunctions._invoke_sns_publish

    def sns_publish(resource, given):
        subject = given.get("Subject")
        if subject is not None and not re.fullmatch(r"[ -~]{1,100}", subject):
            raise stepfunctions._ExecutionError("SNS.InvalidParameterException", "Invalid parameter: Subject")
        if given.get("TopicArn") not in sns._topics:
            raise stepfunctions._ExecutionError("SNS.NotFoundException", f"Topic does not exist in {get_region()}")
        return publish(resource, given)

    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = sns_publish


def _name_errors_as_the_sdk_does() -> None:
    """An error of an SDK integration has the name of the exception in the Java SDK: `Ssm.ParameterNotFoundException`.

    Errors that the service's model does not have are the service's general exception: `Ssm.SsmException`.
    """
    prefixed = stepfunctions._prefix_sdk_error

    def prefix_sdk_error(service, code):
        prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
        model = stepfunctions._service_model(stepfunctions._AWS_SDK_SERVICE_MAP[service].get("service_key", service))
        bare = code.rpartition("#")[2]
        if code.startswith("States.") or model is None:
            return prefixed(service, code)
        known = {shape.name for shape in model.error_shapes}
        known |= {shape.metadata.get("error", {}).get("code") for shape in model.error_shapes}
        if bare not in known:
            return f"{prefix}.{prefix}Exception"
        name = re.sub(r"(Exception|Fault)$", "", bare)
        return f"{prefix}.{name}Exception"

    stepfunctions._prefix_sdk_error = prefix_sdk_error
