"""Has the same resources judged by other tools, in a local cloud of its own.

Writes what they say, with the resources' descriptions, to `shared/controls/tests/compared.json`; from there a test of
the controls makes `docs/controls-compared.md`. With `--check` nothing is written, and other verdicts are an error.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "local-cloud"))

import other_tools  # noqa: E402
from clients import Clients  # noqa: E402
from cloud import Cloud  # noqa: E402
from edge_cases import CASES, Documented  # noqa: E402
from edge_resources import EdgeResources  # noqa: E402
from other_tools import Tool, ToolError  # noqa: E402

RECORD = REPOSITORY / "shared/controls/tests/compared.json"
MEMBERS = ("name", "resource", "right", "why", "control", "remark")
# Times, ids and ARNs differ each time; what the tools and the documentation say does not.
DIFFERENT = {"arn", "description", "related"}
TOOLS = {"prowler": ("Prowler", "prowler"), "custodian": ("Cloud Custodian", "c7n"), "checkov": ("Checkov", "checkov")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in TOOLS:
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER", help="where its programs are")
    parser.add_argument("--check", action="store_true", help="compare with what is written instead of writing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(Path(folder) / "cloud")
        cloud.up()
        try:
            measured = measure(Clients(cloud.running()), Path(folder), arguments)
        finally:
            cloud.down()
    if arguments.check:
        return check(measured)
    RECORD.write_text(json.dumps(measured, indent=2) + "\n")
    print(f"{len(measured['cases'])} cases written to {RECORD.relative_to(REPOSITORY)}")
    return 0


def measure(clients: Clients, folder: Path, arguments: argparse.Namespace) -> dict:
    state = clients.state
    # Everything that the tools ask for is moto's: SageMaker, keys, identities.
    environment = {
        **{key: value for key, value in state["client_environment"].items() if "ENDPOINT" not in key},
        "AWS_ENDPOINT_URL": state["moto"]["url"],
    }
    tools = {name: Tool(getattr(arguments, name), folder / name, environment) for name in TOOLS}
    resources = EdgeResources(clients)
    made = {case.name: resources.make(case) for case in CASES}
    arns = {name: each["arn"] for name, each in made.items()}
    print(f"{len(made)} resources made")
    said = {"checkov": other_tools.checkov(tools["checkov"], CASES)}
    print("judged by Checkov")
    said["custodian"] = other_tools.custodian(tools["custodian"], CASES, arns, state["region"])
    print("judged by Cloud Custodian")
    said["prowler"] = other_tools.prowler(tools["prowler"], CASES, arns, state["region"])
    print("judged by Prowler")
    return {
        "tools": {name: tools[key].version(package) for key, (name, package) in TOOLS.items()},
        "cases": [
            {
                **{member: getattr(case, member) for member in MEMBERS},
                "kind": case.noun,
                **made[case.name],
                "prowler": said["prowler"].get(case.name),
                "custodian": said["custodian"].get(case.name),
                "checkov": said["checkov"].get(case.name, []),
                "securityHub": shown(case.security_hub),
                "config": shown(case.config),
            }
            for case in CASES
        ],
    }


def shown(documented: Documented | None) -> dict | None:
    return documented and vars(documented)


def check(measured: dict) -> int:
    """Whether every verdict and version is as it is written."""
    written = json.loads(RECORD.read_text())
    now, then = ({"versions": all_of["tools"], **stated(all_of)} for all_of in (measured, written))
    differences = [
        f"{name} is {now.get(name)}, written {then.get(name)}"
        for name in sorted(now.keys() | then.keys())
        if now.get(name) != then.get(name)
    ]
    print("\n".join(differences) or "everything is as it is written")
    return 1 if differences else 0


def stated(compared: dict) -> dict[str, dict]:
    return {
        case["name"]: {key: value for key, value in case.items() if key not in DIFFERENT} for case in compared["cases"]
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.exit(f"compare: {error}")
