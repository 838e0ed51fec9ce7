"""Requests that are tried with the function killed at each of its calls, and what must be the same as without."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from function_process import FunctionProcesses, Kill

# Most of the time a function waits for a service.
AT_ONCE = 6


@dataclass
class Request:
    """One event of a function, made anew for each try; `state` observes what the event changes.

    `own` are patterns of the names that no other try has: they are left out of comparisons.
    """

    function: str
    event: dict | bytes
    region: str
    state: Callable[[], object]
    own: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    def deliver(self, processes: FunctionProcesses, kill: Kill | None = None) -> dict:
        return processes.run(self.function, self.event, self.region, kill, **dict(self.environment))

    def result(self, report: dict) -> str:
        """What CloudFormation is answered, if it sent the event, and the state left, in a form that can be compared."""
        answers = [
            {key: each.get(key) for key in ("Status", "PhysicalResourceId", "Data")} for each in report["answers"]
        ]
        return anonymous([answers, self.state()], *self.own)


def anonymous(value: object, *own: str) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    for name in own:
        text = re.sub(name, "OWN", text)
    return text


def kills(calls: int) -> list[Kill]:
    return [Kill(at, when) for at in range(1, calls + 1) for when in ("before", "after")]


def differences(processes: FunctionProcesses, make: Callable[[int], Request]) -> list[str]:
    """Delivers a request undisturbed, then with a kill at each call and once more; what came out differently."""
    undisturbed = make(0)
    report = undisturbed.deliver(processes)
    if report["exit"] is not None or not report["calls"]:
        return [f"undisturbed: exit {report['exit']}, {len(report['calls'])} calls: {report['log']}"]
    expected = undisturbed.result(report)

    def difference(number: int, kill: Kill) -> str | None:
        request = make(number)
        killed = request.deliver(processes, kill)
        if "SIGKILL" in str(killed["exit"]):
            found = request.result(request.deliver(processes))
        elif killed["exit"] is None and len(killed["calls"]) < kill.at:
            found = request.result(killed)  # it waited less often than the undisturbed one, and was done before
        else:
            return f"{kill}: not killed, exit {killed['exit']}"
        return None if found == expected else f"{kill}:\n  expected {expected}\n  found    {found}"

    tried = kills(len(report["calls"]))
    return in_parallel(difference, range(1, len(tried) + 1), tried)


def in_parallel(difference: Callable[..., str | None], *arguments) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as tries:
        return [each for each in tries.map(difference, *arguments) if each]
