"""Built functions as single processes; a proxy before the local cloud counts their calls and can kill them."""

import json
import os
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / ".aws-sam" / "build"
# By signing name: SageMaker's runtime signs as SageMaker, and CloudWatch, which functions ask in target accounts, so.
# Of IAM and KMS, the other emulator has the hub's own; moto hands on what is asked about that.
MOTO_SERVICES = (
    *("sagemaker", "servicecatalog", "organizations", "sts", "cloudformation", "monitoring"),
    *("securityhub", "iam", "kms"),
)


@dataclass(frozen=True)
class Kill:
    """When the process is killed: at its call `at`, counted from 1, before the service sees it or after it answered."""

    at: int
    when: str

    def __str__(self) -> str:
        return f"killed {self.when} call {self.at}"


@dataclass
class FunctionProcesses:
    """Runs functions against one local cloud; keeps what each of them called: {logical id: {"service:Operation"}}."""

    state: dict
    folder: Path
    program: Path
    called: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def run(
        self, function: str, event: dict | bytes, region: str, kill: Kill | None = None, **environment: str
    ) -> dict:
        """Hands one event to a new process of a function. Returns what `lambda-process run` prints."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        file = self.folder / f"{os.urandom(8).hex()}.json"
        file.write_bytes(body)
        moto, hub = self.state["moto"]["url"], self.state["account_id"]
        command = [
            *(str(self.program), "run", "--binary", str(BUILT / function / "bootstrap"), "--event", str(file)),
            *("--arn", f"arn:aws:lambda:{region}:{hub}:function:{function}"),
            *("--upstream", self.state["ministack"]["url"]),
            *(each for service in MOTO_SERVICES for each in ("--upstream", f"{service}={moto}")),
            *(("--kill-at", str(kill.at), "--kill-when", kill.when) if kill else ()),
        ]
        variables = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ACCESS_KEY_ID": hub, **environment}
        variables |= {"CUSTOM_RESOURCE_LONGEST_WAIT_MS": "100"}
        for name, value in variables.items():
            command += ["--env", f"{name}={value}"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        report = json.loads(ended.stdout)
        self.called[function] |= {f"{call['service']}:{call['operation']}" for call in report["calls"]}
        return report


def build(program: str = "lambda-process") -> Path:
    """Builds a program, as a rule the one that runs functions. Returns where it is."""
    subprocess.run(["cargo", "build", "--quiet", "--package", program], cwd=REPOSITORY, check=True)
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Path(json.loads(metadata)["target_directory"]) / "debug" / program
