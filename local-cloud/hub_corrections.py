"""Corrections to ministack: where it differs from AWS in what a template or a function of this project sees."""

import contextlib
import contextvars
import json
import os

import yaml
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import cloudwatch_logs, lambda_svc, stepfunctions
from ministack.services.cloudformation import changesets, custom_resource, engine, handlers, provisioners, stacks

LARGEST_ANSWER = 4096
# What a function may see of the environment of the process that starts it; AWS's sandbox has nothing of it either.
VISIBLE = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "CUSTOM_RESOURCE_ALLOW_LOOPBACK",
    "CUSTOM_RESOURCE_LONGEST_WAIT_MS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_asynchronous = contextvars.ContextVar("asynchronous", default=False)
_event = contextvars.ContextVar("event")


def install() -> None:
    _invoke_custom_resources_asynchronously()
    _check_answers()
    _read_definitions()
    _keep_logging_of_state_machines()
    _start_executions_once()
    _keep_recursion_setting()
    _give_functions_their_own_environment()
    _leave_deleted_log_groups_alone()
    _hand_events_over_as_they_came()
    _join_in_conditions()


def _invoke_custom_resources_asynchronously() -> None:
    """CloudFormation's calls are asynchronous: a function that dies is tried again, and then its destination told.

    ministack calls once and waits; and it sends no Delete for a Create that failed, as CloudFormation's rollback does.
    """
    invoke, execute = custom_resource.invoke_custom_resource, lambda_svc._execute_function_with_config_scope

    def execute_with_config_scope(function, event):
        if _asynchronous.get():
            _asynchronous.set(False)
            return lambda_svc.invoke_async_with_retry(function, event)
        return execute(function, event)

    def invoke_custom_resource(request_type, logical_id, props, stack_name, stack_id, resource_type, **more):
        arguments = (logical_id, props, stack_name, stack_id, resource_type)
        _asynchronous.set(True)
        try:
            return invoke(request_type, *arguments, **more)
        except (RuntimeError, TimeoutError) as failure:
            if request_type != "Create":
                raise
            physical_id = getattr(failure.args[0], "physical_id", None) or f"{stack_name}-{logical_id}-{new_uuid()[:8]}"
            with contextlib.suppress(RuntimeError, TimeoutError):  # the reason of the Create is the one to show
                invoke_custom_resource("Delete", *arguments, physical_id=physical_id)
            raise

    custom_resource.invoke_custom_resource = invoke_custom_resource
    lambda_svc._execute_function_with_config_scope = execute_with_config_scope


class _Reason(str):
    """A reason of failure that carries the physical id that the function gave with it."""

    physical_id: str | None = None


def _check_answers() -> None:
    """CloudFormation fails a resource whose answer breaks the rules; ministack takes any answer."""
    deliver = custom_resource.deliver_response

    def deliver_response(token, response):
        problem = _problem(response)
        answer = {**response, "Status": "FAILED", "Reason": problem} if problem else dict(response)
        if answer.get("Status") == "FAILED":
            answer["Reason"] = _Reason(answer.get("Reason", ""))
            answer["Reason"].physical_id = answer.get("PhysicalResourceId")
        return deliver(token, answer)

    custom_resource.deliver_response = deliver_response


def _problem(answer: dict) -> str | None:
    if len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()) > LARGEST_ANSWER:
        return "Response object is too long."
    if answer.get("Status") not in ("SUCCESS", "FAILED"):
        return "Invalid Status in the response object."
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        if not answer.get(name):
            return f"Missing {name} in the response object."
    if not answer.get("PhysicalResourceId"):
        return "Vendor response doesn't contain PhysicalResourceId attribute."
    if answer["Status"] == "FAILED" and not answer.get("Reason"):
        return "Reason is required when Status is FAILED."
    return None


def _read_definitions() -> None:
    """A definition may be YAML, and one that cannot be read fails its stack; ministack fails every execution."""
    definition_of = provisioners._sfn_definition

    def definition(props):
        try:
            parsed = yaml.safe_load(definition_of(props))
        except yaml.YAMLError as error:
            raise ValueError(f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'") from error
        _check_states(parsed, "/")
        return json.dumps(parsed)

    provisioners._sfn_definition = definition


def _check_states(machine: object, path: str) -> None:
    """That each state exists that another one goes to: what AWS refuses at once and ministack when it gets there."""
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        raise ValueError(f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: no States at {path}'")
    targets = {(f"{path}StartAt", machine.get("StartAt"))}
    for name, state in states.items():
        here = f"{path}States/{name}/"
        rules = [state, *state.get("Choices", []), *state.get("Catch", [])]
        targets |= {(here, rule[key]) for rule in rules for key in ("Next", "Default") if key in rule}
        for nested in (*state.get("Branches", []), state.get("ItemProcessor"), state.get("Iterator")):
            if nested is not None:
                _check_states(nested, here)
    missing = sorted(f"{target} at {where}" for where, target in targets if target not in states)
    if missing:
        raise ValueError(f"Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: {'; '.join(missing)}'")


def _keep_logging_of_state_machines() -> None:
    """ministack keeps the template's spelling, so that DescribeStateMachine answers an empty configuration."""
    attributes = provisioners._sfn_attrs

    def with_logging(arn, name):
        machine = stepfunctions._state_machines.get(arn)
        if machine:
            machine["loggingConfiguration"] = _camel(machine.get("loggingConfiguration"))
        return attributes(arn, name)

    provisioners._sfn_attrs = with_logging


def _camel(value: object) -> object:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_camel(each) for each in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _start_executions_once() -> None:
    """Starting a running execution again, under its name and with its input, answers that execution."""
    start = stepfunctions._start_execution

    def start_execution(data):
        machine = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        if machine and data.get("name"):
            name = stepfunctions._state_machines[machine]["name"]
            arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{name}:{data['name']}"
            known = stepfunctions._executions.get(arn)
            if known and known["status"] == "RUNNING" and known["input"] == data.get("input", "{}"):
                return json_response({"executionArn": arn, "startDate": known["startDate"]})
        return start(data)

    stepfunctions._start_execution = start_execution


def _keep_recursion_setting() -> None:
    """RecursiveLoop of a template's function is ignored; functions that go on in themselves set it."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    for verb, properties_at in (("create", 1), ("update", 2)):
        handle = handlers[verb]

        def handler(*arguments, handle=handle, properties_at=properties_at, **more):
            made = handle(*arguments, **more)
            function = lambda_svc._functions.get(made[0])
            if function is not None:
                function["recursive_loop"] = arguments[properties_at].get("RecursiveLoop", "Terminate")
            return made

        handlers[verb] = handler


def _give_functions_their_own_environment() -> None:
    """A function must neither depend on the machine it is tried on nor read its owner's AWS configuration."""
    environment_of = lambda_svc._provided_worker_env

    def environment(config, code_dir, port):
        own = (config.get("Environment") or {}).get("Variables") or {}
        logging = config.get("LoggingConfig") or {}
        found = environment_of(config, code_dir, port)
        kept = {
            key: value
            for key, value in found.items()
            if key in own or key in VISIBLE or key not in os.environ or key.startswith("AWS_")
        }
        kept["AWS_LAMBDA_LOG_GROUP_NAME"] = logging.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        kept["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
        kept["AWS_LAMBDA_LOG_FORMAT"] = logging.get("LogFormat", "Text")
        if logging.get("LogFormat") == "JSON":
            kept["AWS_LAMBDA_LOG_LEVEL"] = logging.get("ApplicationLogLevel", "INFO")
        return kept

    lambda_svc._provided_worker_env = environment


def _leave_deleted_log_groups_alone() -> None:
    """The last lines of a function's life must not make its deleted log group again.

    In AWS they cannot, as long as the role may not create log groups, which the roles of this project may not.
    """
    emit = lambda_svc._emit_lambda_logs

    def emit_logs(function, *arguments, **more):
        group = ((function.get("config") or function).get("LoggingConfig") or {}).get("LogGroup")
        if not group or group in cloudwatch_logs._log_groups:
            emit(function, *arguments, **more)

    lambda_svc._emit_lambda_logs = emit_logs


class _Repeated(dict):
    """A JSON object in which a key is given twice; written out as it was read."""

    def __init__(self, pairs: list[tuple[str, object]]):
        super().__init__(pairs)
        self._pairs = pairs

    def items(self):
        return self._pairs


def _hand_events_over_as_they_came() -> None:
    """What is not JSON is refused, where ministack invokes with `{}`; and a key that is given twice stays so."""
    handle, invoke = lambda_svc.handle_request, lambda_svc._invoke

    async def handle_request(method, path, headers, body, query_params):
        if method == "POST" and path.rstrip("/").endswith("/invocations"):
            try:
                event = json.loads(
                    body or b"{}",
                    object_pairs_hook=lambda pairs: _Repeated(pairs) if len(dict(pairs)) < len(pairs) else dict(pairs),
                )
            except ValueError as error:
                message = f"Could not parse request body into json: {error}"
                return error_response_json("InvalidRequestContentException", message, 400)
            _event.set(event)
        return await handle(method, path, headers, body, query_params)

    async def invoke_as_it_came(name, event, *arguments, **more):
        return await invoke(name, _event.get(event), *arguments, **more)

    lambda_svc.handle_request, lambda_svc._invoke = handle_request, invoke_as_it_came


def _join_in_conditions() -> None:
    """Conditions may join lists; ministack takes the expression itself for a value, which is never an empty one."""
    evaluate = engine._evaluate_conditions

    def joined(value, parameters):
        if isinstance(value, list):
            return [joined(each, parameters) for each in value]
        if not isinstance(value, dict):
            return value
        if "Fn::Join" in value:
            return engine._resolve_refs(value, {}, parameters, {}, {}, "", "")
        return {key: joined(each, parameters) for key, each in value.items()}

    def evaluate_conditions(template, parameters):
        conditions = joined(template.get("Conditions", {}), parameters)
        return evaluate({**template, "Conditions": conditions}, parameters)

    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluate_conditions
