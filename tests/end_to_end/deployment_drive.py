"""The tasks of the state machine, one process after another in the order in which the state machine runs them."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field

from function_process import FunctionProcesses, Kill

LIMIT_SECONDS = 60.0
# A task, and which of its invocations in one execution.
Place = tuple[str, int]
FUNCTIONS = {
    "plan": "ModelDeployment",
    "deploy": "ModelDeployment",
    "poll": "ModelDeployment",
    "access": "ModelAccess",
    "verify": "EndpointVerification",
    "watch": "EndpointVerification",
    "before": "DeploymentRecord",
    "request": "DeploymentRecord",
    "record": "DeploymentRecord",
}
# What changes something. All else looks, or writes down again what it saw.
CHANGES = ("deploy", "record")


@dataclass
class Drive:
    """One execution.

    `kills`: by invocation, where it is killed; it is started again after each, and at last left alone.
    `calls`: how many calls the first, second, ... invocation of each task made: {("deploy", 0): 5, ...}.
    """

    processes: FunctionProcesses
    region: str
    bucket: str
    kills: dict[Place, list[Kill]] = field(default_factory=dict)
    calls: dict[Place, int] = field(default_factory=dict)
    _first_of_roll_back: Counter = field(default_factory=Counter)
    _seen: Counter = field(default_factory=Counter)
    _clock: Counter = field(default_factory=Counter)

    def run(self, platform_name: str, version: str, fails_at_last: bool = False) -> None:
        """From plan to record. The approval's id is the version's ARN: each version is approved once here.

        `fails_at_last`: every stage is taken back afterwards, as if the last one had failed.
        """
        group = version.split("/")[1]
        given = {"platformName": platform_name, "modelPackageArn": version, "modelPackageGroupName": group}
        self.request = {**given, "kind": "approval", "approval": {"id": version}}
        self.execution = f"v{version.rpartition('/')[2]}-{platform_name}"
        planned = self._task("plan", request=self.request)
        assert planned["faults"] == [], planned
        self._task("access", **given, stages=planned["stages"], payload=planned.get("payload"))
        restores = [self._stage(stage) for stage in planned["stages"]]
        self._first_of_roll_back = Counter(self._seen)
        if fails_at_last:
            for before in reversed(restores):
                self._take_back(before)

    def is_of_roll_back(self, place: Place) -> bool:
        action, number = place
        return number >= self._first_of_roll_back[action]

    def _stage(self, stage: dict) -> dict:
        if stage.get("approval"):
            given = {"execution": self.execution, "request": self.request, "time": self._time()}
            self._task("request", stage=stage, separationOfDuties=True, results=[], **given)
        before = self._task("before", stage=stage)
        results: list[str] = []
        for wave in stage["waves"]:
            self._deploy(stage, wave["name"], self.execution)
            results += self._look("verify", stage, wave["name"], self.execution)
            self._record("wave", stage, wave=wave["name"], results=results)
            if wave["bakeSeconds"]:
                results += self._look("watch", stage, wave["name"], self.execution)
        self._record("stage", stage, results=results)
        return before

    def _take_back(self, before: dict) -> None:
        stage, execution = before["restore"], f"{self.execution}-back"
        self._deploy(stage, "all", execution)
        if stage["accounts"]:
            self._look("verify", stage, "all", execution)
        self._record("rollBack", stage, before=before["live"])

    def _deploy(self, stage: dict, wave: str, execution: str) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        given = {"stage": stage, "execution": execution, "wave": wave}
        while (answer := self._task("deploy", **given))["status"] != "done":
            assert time.monotonic() < deadline, f"{execution} is not deployed: {answer}"
            while answer["status"] == "started":
                polled = self._task("poll", stage=stage, operation=answer["operation"])
                assert time.monotonic() < deadline, f"{execution} is not deployed: {polled}"
                answer = answer if polled["status"] == "waiting" else polled
                time.sleep(0.1)

    def _look(self, action: str, stage: dict, wave: str, execution: str) -> list[str]:
        while (answer := self._task(action, stage=stage, wave=wave, execution=execution))["status"] != "done":
            time.sleep(0.1)
        return answer["results"]

    def _record(self, kind: str, stage: dict, **members: object) -> None:
        given = {"execution": self.execution, "time": self._time(), "request": self.request, "decision": None}
        self._task("record", kind=kind, stage=stage, **given, **members)

    def _time(self) -> str:
        """Each record has its own, and the same in every try."""
        self._clock["records"] += 1
        return f"2026-01-01T00:{self._clock['records']:02}:00.000Z"

    def _task(self, action: str, **members: object) -> dict:
        place, function = (action, self._seen[action]), FUNCTIONS[action]
        self._seen[action] += 1
        event = {"action": action, **members}
        environment = {"RECORDS_BUCKET": self.bucket}
        for kill in self.kills.get(place, []):
            killed = self.processes.run(function, event, self.region, kill, **environment)
            # After a task that was killed, the next one may find its work done.
            is_short = killed["exit"] is None and len(killed["calls"]) < kill.at
            assert is_short or "SIGKILL" in str(killed["exit"]), f"{place} {kill}: exit {killed['exit']}"
        report = self.processes.run(function, event, self.region, **environment)
        self.calls[place] = len(report["calls"])
        (invocation,) = report["invocations"]
        assert invocation["outcome"] == "response", f"{place}: {json.dumps(invocation)}"
        assert invocation["document"].get("status") != "failed", f"{place}: {json.dumps(invocation)}"
        return invocation["document"]
