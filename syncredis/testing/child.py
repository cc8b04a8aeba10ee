"""One child process that does not outlive us."""

import itertools
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from syncredis.testing import watchdog

# The shell tells the watchdog its own number and then *becomes* the server. A number that we told
# after the start would leave a moment in which our death is nobody's business.
_LAUNCH = 'echo "+$1 $$" && output=$2 && shift 2 && exec "$@" >>"$output" 2>&1'

_serials = itertools.count(1)


class Child:
    """A running process, started by us, ended by us or by the watchdog.

    It has a session of its own, so that Ctrl-C in the terminal reaches us alone. Signals may be
    sent from any thread. In a forked child of ours everything here does nothing.

    Raises OSError when nothing can be started.
    """

    def __init__(self, arguments: Sequence[str], output: Path) -> None:
        self._owner = os.getpid()
        self._serial = next(_serials)
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCH, "sh", str(self._serial), str(output), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=watchdog.watchdog().channel,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        watchdog.process_started(self._serial, self.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists; a frozen one does."""
        if os.getpid() != self._owner:
            return False
        if self._process.poll() is None:
            return True
        watchdog.process_ended(self._serial)
        return False

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process has ended."""
        if self.is_running:
            self._process.send_signal(number)

    def freeze(self) -> None:
        """Stop the process without ending it, and block until it has stopped."""
        self.send(signal.SIGSTOP)
        if hasattr(os, "waitid"):  # not on macOS before Python 3.13: there it stops a little later
            with suppress(ChildProcessError):  # ended and waited for by another thread
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the process has ended, at most `timeout` seconds; tell whether it has."""
        if os.getpid() != self._owner:
            return True
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        watchdog.process_ended(self._serial)
        return True

    def kill(self) -> None:
        """End the process at once, frozen or not, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self.wait()
