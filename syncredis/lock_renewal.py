"""`Renewal`: a thread that prolongs a lock for as long as its holder needs it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from syncredis.exceptions import RedisError
from syncredis.interruption import Interruption

logger = logging.getLogger(__name__)


class Renewal:
    """Prolongs a lock at each third of its time, until `stop`, or until the lock is lost.

    What can not be prolonged because the server can not be reached counts as lost when its time has run out - by this side's
    clock, from before the request was sent, so never later than the server lets somebody else have it.

    It does not know the lock object, so a lock that was forgotten is collected, and no longer prolonged.

    Args:
        extend: gives the lock its whole time again; False if it is lost. Blocks.
        timeout: the time, in seconds.
        since: when it began, by `time.monotonic`.
        on_lost: called once, in the thread, when the lock is lost.
    """

    def __init__(
        self, extend: Callable[[], bool], timeout: float, since: float, on_lost: Callable[[], Any] | None
    ) -> None:
        self._extend = extend
        self._timeout = timeout
        self._until = since + timeout
        self._on_lost = on_lost
        self._lost = False
        self._stopped = threading.Event()
        self._call = Interruption()

    @property
    def lost(self) -> bool:
        """Whether the lock was lost before `stop`."""
        return self._lost or (not self._stopped.is_set() and time.monotonic() >= self._until)

    def start(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._run, name="syncredis-lock-renewal", daemon=True).start()

    def stop(self) -> None:
        """End the thread, and the call that it is in. Never blocks, may be called again."""
        self._stopped.set()
        self._call.interrupt()

    def _run(self) -> None:
        pause = self._timeout / 3
        while not self._stopped.wait(max(0.0, min(pause, self._until - time.monotonic()))):
            started = time.monotonic()
            try:
                extended = started < self._until and self._extend_in_time(self._until - started)
            except RedisError as error:
                if not self._stopped.is_set():
                    logger.info("a lock could not be prolonged (%s)", error)
                pause = self._timeout / 10
                continue
            if self._stopped.is_set():
                return
            if not extended:
                self._lose()
                return
            self._until = started + self._timeout
            pause = self._timeout / 3

    def _extend_in_time(self, seconds: float) -> bool:
        """Call ``extend``, and break it off after ``seconds``: a server that hangs must not keep the loss a secret."""
        call = self._call = Interruption()
        if self._stopped.is_set():
            return False
        timer = threading.Timer(seconds, call.interrupt)
        timer.name, timer.daemon = "syncredis-lock-timer", True
        timer.start()
        try:
            return call.run(self._extend)
        finally:
            timer.cancel()

    def _lose(self) -> None:
        self._lost = True
        logger.warning("a lock was lost before it was released")
        if self._on_lost is not None:
            try:
                self._on_lost()
            except Exception:
                logger.exception("on_lost of a lock failed")
