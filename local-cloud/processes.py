"""Server processes that are only ever ended by an identity that cannot be recycled.

A pid alone is not an identity: once its process has gone, another may get the number. A pid and the time its process
started are. Every server is started as the leader of a process group of its own, so that what it starts in turn (the
emulated functions) is found by group even after the server itself has died.
"""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process: its pid, and when it started in the operating system's own notation."""

    pid: int
    started: str

    def alive(self) -> bool:
        return any(found.process == self for found in _table())

    def as_json(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class _Entry:
    process: Process
    group: int


def start(command: list[str], environment: dict[str, str], log: Path, pass_fds: tuple[int, ...] = ()) -> Process:
    """Starts a server in a process group of its own, with its output going to `log`."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    found = [entry.process for entry in _table(include_dead=True) if entry.process.pid == child.pid]
    return found[0] if found else Process(child.pid, "exited")


def group_of(leader: Process) -> list[Process]:
    """The living members of the group that `leader` was started to lead, itself included."""
    entries = _table()
    if any(entry.process.pid == leader.pid and entry.process != leader for entry in entries):
        return []  # the number belongs to someone else by now, and so does a group of that number
    return [entry.process for entry in entries if entry.group == leader.pid]


def end(leader: Process, patience: float = 10.0) -> list[Process]:
    """Ends the group that `leader` leads: asks first, then kills. Returns what could not be ended."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        deadline = time.monotonic() + wait
        for process in group_of(leader):
            _signal(process, number)
        while group_of(leader) and time.monotonic() < deadline:
            _reap(leader)
            time.sleep(0.05)
            if number == signal.SIGTERM and not leader.alive():
                break  # what a dead server left running has nobody to wait for
    return group_of(leader)


def _signal(process: Process, number: int) -> None:
    if process.alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _reap(process: Process) -> None:
    with contextlib.suppress(ChildProcessError):  # started by another run of the command: the system reaps it
        os.waitpid(process.pid, os.WNOHANG)


def _table(include_dead: bool = False) -> list[_Entry]:
    rows = _linux_table() if Path("/proc/self/stat").exists() else _ps_table()
    return [entry for entry, state in rows if include_dead or not state.startswith("Z")]


def _linux_table() -> list[tuple[_Entry, str]]:
    rows = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The command's name, in parentheses, may hold blanks: count the fields after it.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        rows.append((_Entry(Process(int(folder.name), fields[19]), int(fields[2])), fields[0]))
    return rows


def _ps_table() -> list[tuple[_Entry, str]]:
    output = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat=,lstart="], capture_output=True, text=True, check=True
    ).stdout
    rows = []
    for line in output.splitlines():
        pid, group, state, *started = line.split()
        rows.append((_Entry(Process(int(pid), " ".join(started)), int(group)), state))
    return rows
