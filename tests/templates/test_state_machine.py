"""The definition of the state machine is one that Step Functions takes, and it reads nothing that it does not write."""

import copy
import json
import re
import sys
from pathlib import Path

import jsonata
import pytest
from cfnlint.api import ManualArgs, lint

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "local-cloud"))

from hub_executions import unassigned  # noqa: E402

TEXT = (REPOSITORY / "statemachine" / "model-deployment.asl.json").read_text()
TEMPLATE = (REPOSITORY / "template.yaml").read_text()
ARNS = {"Partition": "aws", "ApprovalTopicArn": "arn:aws:sns:eu-west-1:111111111111:approvals"}


def definition() -> dict:
    """With what CloudFormation puts in."""

    def substitute(found: re.Match) -> str:
        name = found[1]
        function = f"arn:aws:lambda:eu-west-1:111111111111:function:{name.removesuffix('FunctionArn')}"
        return ARNS.get(name) or (function if name.endswith("FunctionArn") else f"of-{name}")

    return json.loads(re.sub(r"\$\{(\w+)\}", substitute, TEXT))


def faults(machine: dict) -> list[str]:
    """What cfn-lint's rule for definitions (E3601) says, and where states lead that are not there."""
    linted = copy.deepcopy(machine)
    for state in linted["States"].values():
        # An expression is allowed here, which the rule does not know yet.
        if str(state.get("TimeoutSeconds", "")).startswith("{%"):
            state["TimeoutSeconds"] = 1
    properties = {"RoleArn": "arn:aws:iam::111111111111:role/machine", "DefinitionString": json.dumps(linted)}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": resource}})
    found = [f"{each.rule.id} {each.message}" for each in lint(template, config=ManualArgs(regions=["eu-west-1"]))]
    states = machine["States"]
    ways = [(name, to) for name, state in states.items() for to, _ in transitions(state)]
    return found + [f"{name} leads to {to}, which is not there" for name, to in ways if to not in states]


def transitions(state: dict) -> list[tuple[str, dict]]:
    """Where a state leads, and what it assigns on that way."""
    found = [(state["Next"], state.get("Assign", {}))] if "Next" in state else []
    found += [(each["Next"], each.get("Assign", {})) for each in (*state.get("Choices", []), *state.get("Catch", []))]
    return found + ([(state["Default"], state.get("Assign", {}))] if "Default" in state else [])


def expressions(value: object) -> list[str]:
    if isinstance(value, dict):
        return [found for each in value.values() for found in expressions(each)]
    if isinstance(value, list):
        return [found for each in value for found in expressions(each)]
    return [value[2:-2].strip()] if isinstance(value, str) and value.startswith("{%") else []


def test_the_definition_is_valid():
    assert faults(definition()) == []


def test_every_substitution_is_given_and_every_given_one_is_used():
    given = re.search(r"DefinitionSubstitutions:\n((?: {8}\w+: .*\n)+)", TEMPLATE)[1]
    assert set(re.findall(r"^ {8}(\w+): ", given, re.MULTILINE)) == set(re.findall(r"\$\{(\w+)\}", TEXT))


@pytest.mark.parametrize(
    ("breaks", "fault"),
    [
        (lambda states: states["Plan"].pop("Resource"), "'Resource' is a required property"),
        (lambda states: states["Plan"].update(InputPath="$"), "'InputPath' was unexpected"),
        (lambda states: states["Plan"].update(Argumants={}), "'Argumants' was unexpected"),
        (lambda states: states["Plan"].update(Type="Tusk"), "'Tusk' is not one of"),
        (lambda states: states["Plan"].update(Next="Nowhere"), "Plan leads to Nowhere, which is not there"),
        (lambda states: states["Plan"]["Catch"][0].update(Next="Nowhere"), "Plan leads to Nowhere, which is not there"),
    ],
)
def test_a_broken_definition_is_found(breaks, fault):
    broken = definition()
    breaks(broken["States"])
    assert any(fault in each for each in faults(broken)), faults(broken)


def test_every_expression_can_be_read():
    for expression in expressions(definition()):
        jsonata.Jsonata.jsonata(expression)


def test_every_state_is_reached():
    states, reached, todo = definition()["States"], set(), ["Settle"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [to for to, _ in transitions(states[name])]
    assert reached == set(states)


def test_every_task_that_can_fail_is_caught():
    """Whatever fails, somebody is told, and what was changed is taken back."""
    tasks = {name: state for name, state in definition()["States"].items() if state["Type"] == "Task"}
    caught = {name for name, state in tasks.items() if "States.ALL" in state["Catch"][-1]["ErrorEquals"]}
    assert caught == set(tasks)


def flow(machine: dict) -> dict[str, set[str]]:
    """Which variables may be assigned when a state begins: those of the ways that lead there.

    On which of them an execution really comes, the local cloud sees: there, a variable that is not assigned fails it.
    """
    states, entry, todo = machine["States"], {machine["StartAt"]: set()}, [machine["StartAt"]]
    while todo:
        name = todo.pop()
        for to, assigned in transitions(states[name]):
            known = entry.get(to, set()) | entry[name] | set(assigned)
            if entry.get(to) != known:
                entry[to] = known
                todo.append(to)
    return entry


def unread(machine: dict) -> list[str]:
    entry = flow(machine)
    return [
        f"{name}: {variable}"
        for name, state in machine["States"].items()
        for expression in expressions(state)
        for variable in unassigned(expression, dict.fromkeys(entry[name]))
    ]


def test_no_state_reads_a_variable_that_no_earlier_one_assigns():
    assert unread(definition()) == []


def test_a_variable_that_nothing_assigns_is_found():
    broken = definition()
    broken["States"]["WriteRequest"]["Assign"]["qestion"] = broken["States"]["WriteRequest"]["Assign"].pop("question")
    assert "Ask: question" in unread(broken)
