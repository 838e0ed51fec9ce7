"""The tasks of the state machine, one process after another in the order in which the state machine runs them."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field

from function_process import FunctionProcesses, Kill

LIMIT_SECONDS = 60.0
# A task, and which of its invocations in one execution.
Place = tuple[str, int]


@dataclass
class Drive:
    """One execution.

    `kills`: by invocation, where it is killed; it is started again after each, and at last left alone.
    `calls`: how many calls the first, second, ... invocation of each task made: {("deploy", 0): 5, ...}.
    """

    processes: FunctionProcesses
    region: str
    kills: dict[Place, list[Kill]] = field(default_factory=dict)
    calls: dict[Place, int] = field(default_factory=dict)
    _seen: Counter = field(default_factory=Counter)

    def run(self, platform_name: str, version: str) -> None:
        """From plan to record. The approval's id is the version's ARN: each version is approved once here."""
        request = {"platformName": platform_name, "modelPackageArn": version, "approval": {"id": version}}
        execution = f"v{version.rpartition('/')[2]}-{platform_name}"
        for stage in self._task("plan", request=request)["stages"]:
            self._deploy(stage, execution)
            while self._task("verify", stage=stage, execution=execution)["status"] != "done":
                time.sleep(0.1)
            self._task("record", stage=stage, execution=execution, time="2026-01-01T00:00:00.000Z")

    def _deploy(self, stage: dict, execution: str) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        while (answer := self._task("deploy", stage=stage, execution=execution))["status"] != "done":
            assert time.monotonic() < deadline, f"{execution} is not deployed: {answer}"
            while answer["status"] == "started":
                polled = self._task("poll", stage=stage, operation=answer["operation"])
                assert time.monotonic() < deadline, f"{execution} is not deployed: {polled}"
                answer = answer if polled["status"] == "waiting" else polled
                time.sleep(0.1)

    def _task(self, action: str, **members: object) -> dict:
        place = (action, self._seen[action])
        self._seen[action] += 1
        event = {"action": action, **members}
        for kill in self.kills.get(place, []):
            killed = self.processes.run("ModelDeployment", event, self.region, kill)
            assert "SIGKILL" in str(killed["exit"]), f"{place} {kill}: exit {killed['exit']}"
        report = self.processes.run("ModelDeployment", event, self.region)
        self.calls[place] = len(report["calls"])
        (invocation,) = report["invocations"]
        assert invocation["outcome"] == "response", f"{place}: {json.dumps(invocation)}"
        assert invocation["document"].get("status") != "failed", f"{place}: {json.dumps(invocation)}"
        return invocation["document"]
