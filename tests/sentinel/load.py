"""Threads that call something over and over, while something else happens to the servers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.fixtures.threads import until


class Herd:
    """Threads that call one function over and over, for the time of a ``with`` block.

    Attributes:
        calls: how often each thread's call has succeeded.
        errors: what the calls raised; their thread goes on.
    """

    def __init__(self, size: int, call: Callable[[], object]) -> None:
        self.calls = [0] * size
        self.errors: list[BaseException] = []
        self._call = call
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(size)]

    def __enter__(self) -> Herd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_calls(self, each: int = 1) -> None:
        """Block until every thread has made ``each`` more calls."""
        goals = [count + each for count in self.calls]
        until(lambda: all(count >= goal for count, goal in zip(self.calls, goals, strict=True)))

    def _run(self, number: int) -> None:
        while not self._over.is_set():
            try:
                self._call()
            except BaseException as error:
                self.errors.append(error)
            else:
                self.calls[number] += 1
