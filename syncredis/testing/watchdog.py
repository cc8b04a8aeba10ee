"""Our end of the watchdog process: it learns what runs, and ends it if we can not.

One watchdog serves the whole Python process. It starts with the first server and ends with us.
"""

import os
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path

_SCRIPT = Path(__file__).with_name("reaper.py")


class Watchdog:
    """The watchdog process of this Python process; use it through `watchdog()`.

    Everything here is thread-safe. Nothing blocks longer than the start of a process.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        """The process that the watchdog watches: a forked child needs one of its own."""
        self._process = subprocess.Popen(
            # Isolated and without `site`: no import of anything that is not Python's own.
            [sys.executable, "-I", "-S", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            cwd="/",
        )
        # Made before those of the servers, and so run after them at the end of the interpreter.
        self._finalizer = weakref.finalize(self, _end, self._process, self.owner)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def channel(self) -> int:
        """The descriptor that events are written to; a child writes its own start there."""
        assert self._process.stdin is not None
        return self._process.stdin.fileno()

    def tell(self, event: str) -> None:
        """Write one event; lost without a word if the watchdog is gone."""
        with suppress(OSError, ValueError):  # ended from outside: the next start replaces it
            os.write(self.channel, f"{event}\n".encode())

    def abandon(self) -> None:
        """In a forked child: let go of the parent's watchdog without ending it."""
        self._finalizer.detach()
        if self._process.stdin is not None:
            self._process.stdin.close()


_lock = threading.Lock()
_watchdog: Watchdog | None = None
_servers: dict[int, int] = {}  # serial number -> pid
_directories: set[Path] = set()
_fork_is_hooked = False


def watchdog() -> Watchdog:
    """Return the watchdog of this process, started if there is none or if it was ended.

    Raises OSError when it can not be started.
    """
    global _watchdog, _fork_is_hooked
    with _lock:
        if _watchdog is None or not _watchdog.is_alive:
            _watchdog = Watchdog()
            for directory in tuple(_directories):
                _watchdog.tell(_directory_event(">", directory))
            for serial, pid in tuple(_servers.items()):
                _watchdog.tell(f"+{serial} {pid}")
        if not _fork_is_hooked:
            os.register_at_fork(after_in_child=_forget_parent)
            _fork_is_hooked = True
        return _watchdog


# The functions below take no lock: they also run from finalizers, in the middle of anything.


def process_started(serial: int, pid: int) -> None:
    """Remember a server that tells the watchdog of itself."""
    _servers[serial] = pid


def process_ended(serial: int) -> None:
    """Take a server off the list; call it once, when the process has been waited for."""
    if _servers.pop(serial, None) is not None and _watchdog is not None:
        _watchdog.tell(f"-{serial}")


def directory_made(directory: Path) -> None:
    """Have a directory removed in case that we can not do it."""
    watchdog().tell(_directory_event(">", directory))
    _directories.add(directory)


def directory_removed(directory: Path) -> None:
    """Take a directory off the list."""
    _directories.discard(directory)
    if _watchdog is not None:
        _watchdog.tell(_directory_event("<", directory))


def _directory_event(event: str, directory: Path) -> str:
    return event + os.fsencode(directory).hex()


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        return
    if process.stdin is not None:
        process.stdin.close()
    process.wait()


def _forget_parent() -> None:
    global _watchdog, _lock
    _lock = threading.Lock()  # another thread of the parent may have held it
    if _watchdog is not None:
        _watchdog.abandon()
    _watchdog = None
    _servers.clear()
    _directories.clear()
