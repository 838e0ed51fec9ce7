"""What the templates' roles allow."""

from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as their long ones."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def functions(template: str) -> list[str]:
    """The logical ids of a template's functions."""
    resources = _resources(template)
    return sorted(name for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function")


def actions(template: str, role: str) -> set[str]:
    """Every action that a role of a template allows under any condition."""
    resources = _resources(template)
    found: set[str] = set()
    for policy in resources[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            for each in statement.get("Fn::If", [statement]):
                if isinstance(each, dict) and "Action" in each:
                    found |= {each["Action"]} if isinstance(each["Action"], str) else set(each["Action"])
    return found


def _resources(template: str) -> dict[str, dict]:
    return yaml.load((REPOSITORY / template).read_text(), _Loader)["Resources"]  # noqa: S506 - a safe loader
