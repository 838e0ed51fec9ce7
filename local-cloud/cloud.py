"""Starts, stops, empties and looks at the local cloud: two emulators of AWS on the loopback interface.

ministack plays the hub account: CloudFormation with the SAM transform, Lambda, Step Functions, EventBridge, IAM, S3,
SQS, SNS, SSM, KMS, DynamoDB, CloudWatch, EC2's networks, EFS, Backup, CodeBuild. moto plays SageMaker with Studio,
Service Catalog, Organizations, STS, Security Hub and stack sets, and with them the target accounts. Functions that
ministack runs inherit the addresses of both; the two call each other where SageMaker makes something in a network, a
stack in SageMaker or in other accounts, and where moto is asked about the hub's own roles and keys.
"""

import argparse
import fcntl
import json
import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import accounts
import processes

HERE = Path(__file__).resolve().parent
DEFAULT_STATE_DIRECTORY = HERE.parent / ".local-cloud"
HUB_ACCOUNT_ID = "111111111111"
REGION = "eu-west-1"
HOST = "127.0.0.1"
START_LIMIT_SECONDS = 60.0
SERVERS = ("ministack", "moto")
HEALTH_PATHS = {"ministack": "/_ministack/ready", "moto": "/local-cloud/health"}
RESET_PATHS = {"ministack": "/_ministack/reset", "moto": "/moto-api/reset"}
# Service ids as the SDKs spell them in AWS_ENDPOINT_URL_<SERVICE ID>.
MOTO_SERVICES = (
    "SAGEMAKER",
    "SAGEMAKER_RUNTIME",
    "SERVICE_CATALOG",
    "ORGANIZATIONS",
    "STS",
    "CLOUDFORMATION",
    "CLOUDWATCH",
    "SECURITYHUB",
    "IAM",
    "KMS",
)
# Functions use these for stack sets and for target accounts' alarms, roles and keys; for everybody else they are
# ministack's, as the hub's own roles and keys are (`forwarding.py`).
OF_TARGETS = ("CLOUDFORMATION", "CLOUDWATCH", "IAM", "KMS")


class CloudError(Exception):
    """What went wrong, and the way out."""


class Cloud:
    """One local cloud, described by `state.json` in its state directory."""

    def __init__(self, directory: Path = DEFAULT_STATE_DIRECTORY):
        self.directory = Path(directory).resolve()
        self.state_file = self.directory / "state.json"

    def up(self) -> dict:
        """Starts both emulators and sets the accounts up; does nothing if both run. Returns the state."""
        with self._locked():
            state = self._read()
            if state and all(self._answers(state, name) for name in SERVERS):
                return state
            self._end(state)
            try:
                state = self._start()
                for name in SERVERS:
                    self._wait_until_healthy(state, name)
                self._set_up_accounts(state)
            except BaseException:
                self._end(self._read())
                raise
            return state

    def down(self) -> None:
        """Ends both emulators and every function process they started."""
        with self._locked():
            self._end(self._read())

    def reset(self) -> dict:
        """Empties both emulators and sets the accounts up again. Returns the state."""
        with self._locked():
            state = self.running()
            for name in SERVERS:
                _request(state[name]["url"] + RESET_PATHS[name], method="POST", timeout=60)
            self._set_up_accounts(state)
            return state

    def status(self) -> dict:
        """Says of each emulator whether its process lives and whether it answers; with the state, if there is one."""
        state = self._read()
        servers = {}
        for name in SERVERS:
            running = bool(state) and name in state and _process(state, name).alive()
            servers[name] = {"running": running, "healthy": running and self._answers(state, name)}
        return {"healthy": all(server["healthy"] for server in servers.values()), "servers": servers, "state": state}

    def _start(self) -> dict:
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)
        (self.directory / "tmp").mkdir(parents=True)
        # The sockets are bound here and handed over: a port that is only looked up can be taken before it is used.
        sockets = {name: socket.create_server((HOST, 0)) for name in SERVERS}
        urls = {name: f"http://{HOST}:{sockets[name].getsockname()[1]}" for name in SERVERS}
        state = {"account_id": HUB_ACCOUNT_ID, "region": REGION, "client_environment": client_environment(urls)}
        for name, launcher in (("moto", "supplement.py"), ("ministack", "hub.py")):
            port, fd = sockets[name].getsockname()[1], sockets[name].fileno()
            process = processes.start(
                [sys.executable, str(HERE / launcher), "--fd", str(fd), "--port", str(port)],
                self._server_environment(name, port, urls),
                self.directory / f"{name}.log",
                pass_fds=(fd,),
            )
            state[name] = {**process.as_json(), "port": port, "url": urls[name]}
            self._write(state)
            sockets[name].close()
        return state

    def _server_environment(self, name: str, port: int, urls: dict[str, str]) -> dict[str, str]:
        # The caller's credentials, profiles and proxies must reach neither the emulators nor the functions.
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AWS_", "MOTO_", "MINISTACK_", "LOCALSTACK_", "PYTHON"))
            and "proxy" not in key.lower()
        }
        common = {
            **inherited,
            "TMPDIR": str(self.directory / "tmp"),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": HUB_ACCOUNT_ID,
            "AWS_SECRET_ACCESS_KEY": "local-cloud",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HUB_ACCOUNT_ID": HUB_ACCOUNT_ID,
            "PYTHONUNBUFFERED": "1",
        }
        if name == "moto":
            return {**common, "MOTO_PORT": str(port), "HUB_ENDPOINT_URL": urls["ministack"]}
        return {
            **common,
            **{f"AWS_ENDPOINT_URL_{service}": urls["moto"] for service in MOTO_SERVICES},
            "AWS_ENDPOINT_URL": urls["ministack"],
            # Read by the functions: answers to custom resources go to http on loopback here, refused elsewhere.
            "CUSTOM_RESOURCE_ALLOW_LOOPBACK": "1",
            # Time passes with looks here, so that nothing takes the minutes that functions wait between them.
            "CUSTOM_RESOURCE_LONGEST_WAIT_MS": "300",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": HOST,
            "MINISTACK_ACCOUNT_ID": HUB_ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            "LAMBDA_EXECUTOR": "local",
            # Seconds instead of AWS's minutes before an asynchronous invocation is tried again.
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.5",
            "SFN_WAIT_SCALE": os.environ.get("SFN_WAIT_SCALE", "0.05"),
            # ministack removes containers that carry its label at start-up: keep it away from the machine's own.
            "DOCKER_HOST": f"unix://{self.directory}/no-docker.sock",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "INFO",
        }

    def _wait_until_healthy(self, state: dict, name: str) -> None:
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not self._answers(state, name):
            gone = not _process(state, name).alive()
            if gone or time.monotonic() > deadline:
                log = self.directory / f"{name}.log"
                reason = (
                    "stopped while starting" if gone else f"did not answer within {START_LIMIT_SECONDS:.0f} seconds"
                )
                raise CloudError(
                    f"{name} {reason}; the end of {log}:\n{_tail(log)}\n"
                    f"install the pinned packages again (pip install --require-hashes -r {HERE / 'requirements.txt'}) "
                    f"and retry with: {sys.executable} {HERE / 'cloud.py'} up"
                )
            time.sleep(0.1)

    def _set_up_accounts(self, state: dict) -> None:
        state["organization"] = accounts.create_organization(state["moto"]["url"])
        self._write(state)

    def running(self) -> dict:
        """The state of the cloud, which must be up."""
        state = self._read()
        if not state or not all(self._answers(state, name) for name in SERVERS):
            raise CloudError(f"the local cloud is not running; start it with: {sys.executable} {HERE / 'cloud.py'} up")
        return state

    def _answers(self, state: dict, name: str) -> bool:
        if name not in state or not _process(state, name).alive():
            return False
        try:
            _request(state[name]["url"] + HEALTH_PATHS[name], timeout=5)
        except OSError:
            return False
        return True

    def _end(self, state: dict | None) -> None:
        for name in SERVERS:
            if state and name in state:
                left = processes.end(_process(state, name))
                if left:
                    pids = ", ".join(str(process.pid) for process in left)
                    raise CloudError(f"processes of {name} could not be ended; end them by hand: kill -9 {pids}")
        self.state_file.unlink(missing_ok=True)
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)

    def _read(self) -> dict | None:
        try:
            return json.loads(self.state_file.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CloudError(
                f"{self.state_file} cannot be read ({error}); end the servers by hand and remove it"
            ) from error

    def _write(self, state: dict) -> None:
        unfinished = self.state_file.with_suffix(".new")
        unfinished.write_text(json.dumps(state, indent=2) + "\n")
        unfinished.replace(self.state_file)

    @contextmanager
    def _locked(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def client_environment(urls: dict[str, str]) -> dict[str, str]:
    """What a command (`sam`, `aws`, boto3, an SDK) needs to talk to the hub account of this cloud.

    CloudFormation is ministack's here, unlike in the functions: `sam deploy` deploys into the hub, whereas the only
    thing functions do with CloudFormation is stack sets. So is CloudWatch: functions look at target accounts' alarms.
    """
    moto = {f"AWS_ENDPOINT_URL_{service}": urls["moto"] for service in MOTO_SERVICES if service not in OF_TARGETS}
    return {
        "AWS_ENDPOINT_URL": urls["ministack"],
        **moto,
        "AWS_ACCESS_KEY_ID": HUB_ACCOUNT_ID,
        "AWS_SECRET_ACCESS_KEY": "local-cloud",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _process(state: dict, name: str) -> processes.Process:
    return processes.Process(state[name]["pid"], state[name]["started"])


def _request(url: str, method: str = "GET", timeout: float = 5.0) -> bytes:
    # No proxy: these addresses are this machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, method=method), timeout=timeout) as response:
        return response.read()


def _tail(log: Path, lines: int = 25) -> str:
    return "\n".join("  " + line for line in log.read_text(errors="replace").splitlines()[-lines:]) or "  (empty)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--state-directory",
        type=Path,
        default=DEFAULT_STATE_DIRECTORY,
        help="where state.json and the logs are; one cloud per directory (default: %(default)s)",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start both emulators, if they are not running, and set the accounts up")
    commands.add_parser("down", help="end both emulators and every function process they started")
    commands.add_parser("reset", help="empty both emulators and set the accounts up again")
    status = commands.add_parser("status", help="say whether each emulator is healthy; exit code 1 if one is not")
    status.add_argument("--json", action="store_true", help="as JSON, with addresses, accounts and client environment")
    commands.add_parser("env", help="print what a command needs to talk to the hub account, for eval")
    arguments = parser.parse_args()
    cloud = Cloud(arguments.state_directory)
    try:
        return _run(cloud, arguments)
    except CloudError as error:
        print(f"local cloud: {error}", file=sys.stderr)
        return 1


def _run(cloud: Cloud, arguments: argparse.Namespace) -> int:
    if arguments.command == "down":
        cloud.down()
        print("the local cloud is down")
    elif arguments.command in ("up", "reset"):
        state = cloud.up() if arguments.command == "up" else cloud.reset()
        for name in SERVERS:
            print(f"{name}: {state[name]['url']} (pid {state[name]['pid']})")
    elif arguments.command == "env":
        for key, value in cloud.running()["client_environment"].items():
            print(f"export {key}={value}")
    else:
        status = cloud.status()
        if arguments.json:
            print(json.dumps(status, indent=2))
        else:
            for name, server in status["servers"].items():
                print(
                    f"{name}: {'healthy' if server['healthy'] else 'unhealthy' if server['running'] else 'not running'}"
                )
        return 0 if status["healthy"] else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
