"""What tests put into the emulators while they run: a list of one kind of thing, replaced whole or not at all."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Injected(Generic[Thing]):
    """The things of a dataclass `kind`, whose `problem` says why one of them could never be."""

    def __init__(self, kind: Callable[..., Thing], name: str):
        self.kind, self.name = kind, name
        self._things: list[Thing] = []
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._things.clear()

    @contextmanager
    def held(self) -> Iterator[list[Thing]]:
        """The things, while nobody replaces them."""
        with self._lock:
            yield self._things

    def replace(self, body: bytes) -> str | None:
        """Replaces all by those of a JSON list. Returns what is wrong with it, if anything is."""
        known = {field.name for field in fields(self.kind)}
        try:
            given = json.loads(body or b"[]")
            unknown = {key for each in given for key in each} - known
            if unknown:
                return f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
            wanted = [self.kind(**each) for each in given]
            problems = [problem for thing in wanted if (problem := thing.problem())]
        except (ValueError, TypeError, AttributeError) as error:
            return f"expected a JSON list of {self.name}: {error}"
        if problems:
            return "; ".join(problems)
        with self._lock:
            self._things[:] = wanted
        return None
