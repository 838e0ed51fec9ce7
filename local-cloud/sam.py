"""The real `sam deploy` against a local cloud, as an administrator calls it."""

import os
import subprocess
import sys
from pathlib import Path

import stack
from clients import Clients

ARTIFACT_BUCKET = "sam-artifacts"
LIMIT_SECONDS = 600


def deploy(clients: Clients, template: Path, name: str, parameters: dict[str, str]) -> dict[str, str]:
    """Deploys a stack, or updates it with what differs from the last time. Returns the outputs."""
    _make_artifact_bucket(clients)
    command = [
        *(str(Path(sys.executable).parent / "sam"), "deploy", "--template-file", str(template)),
        *("--stack-name", name, "--region", clients.state["region"]),
        *("--s3-bucket", ARTIFACT_BUCKET, "--s3-prefix", name),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
        *("--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())),
    ]
    ended = subprocess.run(
        command,
        cwd=template.parent,
        env=_environment(clients),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    cloudformation = clients.hub("cloudformation")
    found = stack.settled(cloudformation, name)
    if ended.returncode != 0 or found.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        reasons = [] if found.status == "DELETE_COMPLETE" else stack.failures(cloudformation, name)
        said = (ended.stdout + ended.stderr).strip().splitlines()[-15:]
        raise stack.StackFailed(
            "\n".join(
                [f"sam deploy ended with {ended.returncode}, stack {name} is {found.status}"]
                + [f"  {reason}" for reason in reasons]
                + [f"  sam: {line}" for line in said]
            )
        )
    return found.outputs


def _make_artifact_bucket(clients: Clients) -> None:
    if ARTIFACT_BUCKET not in [each["Name"] for each in clients.hub("s3").list_buckets()["Buckets"]]:
        location = {"LocationConstraint": clients.state["region"]}
        clients.hub("s3").create_bucket(Bucket=ARTIFACT_BUCKET, CreateBucketConfiguration=location)


def _environment(clients: Clients) -> dict[str, str]:
    # The caller's own AWS configuration and proxies are for the world outside.
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith("AWS_") and "proxy" not in key.lower()
    }
    return {**kept, **clients.state["client_environment"], "SAM_CLI_TELEMETRY": "0"}
