"""The state machine of the sweeps: where it looks, what it says was left out, and that Step Functions takes it."""

import json
import re
from itertools import product
from pathlib import Path

import jsonata
import pytest
from cfnlint.api import ManualArgs, lint

TEXT = (Path(__file__).resolve().parents[2] / "statemachine" / "control-sweep.asl.json").read_text()
HUB, REGION = "111111111111", "eu-west-1"


def definition(**substituted: str) -> dict:
    """With what CloudFormation puts in."""
    given = {"Partition": "aws", "HubAccountId": HUB, "HubRegion": REGION, "TargetAccounts": "", "Regions": ""}
    given |= substituted

    def substitute(found: re.Match) -> str:
        name = found[1]
        arn = f"arn:aws:lambda:{REGION}:{HUB}:function:{name.removesuffix('FunctionArn')}"
        return given.get(name, arn)

    return json.loads(re.sub(r"\$\{(\w+)\}", substitute, TEXT))


def evaluated(expression: str, **states: object) -> object:
    """What an expression is, with what the state was given."""
    asked = jsonata.Jsonata(expression.removeprefix("{%").removesuffix("%}"))
    asked.assign("states", states)
    return asked.evaluate(None)


@pytest.mark.parametrize("regions", [[], ["eu-central-1"], ["eu-central-1", "us-east-1", REGION]])
@pytest.mark.parametrize("accounts", [[], ["222222222222"], ["222222222222", "333333333333", HUB]])
def test_every_account_is_looked_at_once_in_every_region(accounts, regions):
    machine = definition(TargetAccounts=",".join(accounts), Regions=",".join(regions))
    found = evaluated(machine["States"]["Scopes"]["Output"]["scopes"])
    everywhere = product(dict.fromkeys([HUB, *accounts]), dict.fromkeys([REGION, *regions]))
    assert found == [{"account": account, "region": region} for account, region in everywhere]


def test_what_was_left_out_is_named():
    machine = definition()
    scopes = [
        {"account": HUB, "region": REGION},
        {"account": "222222222222", "region": REGION, "error": "AccessDenied"},
    ]
    looked_at = evaluated(machine["States"]["Correct"]["Items"], input={"scopes": scopes})
    assert looked_at == scopes[:1], "nothing is done where nothing was seen"
    corrected = [{"account": HUB, "region": REGION, "error": "InvalidConfiguration"}]
    faults = evaluated(machine["States"]["Correct"]["Output"]["faults"], input={"scopes": scopes}, result=corrected)
    assert faults == [
        f"222222222222/{REGION} was not swept: AccessDenied",
        f"{HUB}/{REGION} was not corrected: InvalidConfiguration",
    ]
    none = evaluated(machine["States"]["Correct"]["Output"]["faults"], input={"scopes": scopes[:1]}, result=scopes[:1])
    assert none == []


@pytest.mark.parametrize(
    ("answer", "leads_to"),
    [
        ({"cursor": None, "shut": True}, "NotSwept"),
        ({"cursor": None, "shut": False}, "Swept"),
        ({"cursor": {"position": {}}, "shut": False}, "SweepScope"),
    ],
)
def test_an_account_of_which_nothing_could_be_read_is_left_out(answer, leads_to):
    states = definition()["States"]["Sweep"]["ItemProcessor"]["States"]
    scope = {"account": "222222222222", "region": REGION}
    output = states["SweepScope"]["Output"]
    given = {
        name: evaluated(each, input={"sweep": "2026-01-01T00:00:00Z", "scope": scope}, result={"Payload": answer})
        for name, each in output.items()
    }
    chosen = (each for each in states["IsSwept"]["Choices"] if evaluated(each["Condition"], input=given))
    choice = next(chosen, {"Next": states["IsSwept"]["Default"]})
    assert choice["Next"] == leads_to
    if leads_to == "NotSwept":
        assert evaluated(choice["Output"]["account"], input=given) == "222222222222" and choice["Output"]["error"]


def test_step_functions_takes_it():
    properties = {"RoleArn": f"arn:aws:iam::{HUB}:role/machine", "DefinitionString": json.dumps(definition())}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}})
    assert lint(template, config=ManualArgs(regions=[REGION])) == []
