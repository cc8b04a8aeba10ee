"""What one server of ours holds of the system, given back as a whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from syncredis.testing import watchdog
from syncredis.testing.child import Child
from syncredis.testing.network import Network
from syncredis.testing.ports import HOST, PortReservation
from syncredis.testing.proxy import FaultProxy


class Holdings:
    """A port, a directory, and the process that uses them; with `proxied`, a proxy in front of it.

    With a `network`, the process runs on a host of its own there.

    Raises OSError when the system has no port or no place for a directory, NetworkUnavailableError when it has no host.
    """

    def __init__(self, *, proxied: bool = False, network: Network | None = None) -> None:
        self._owner = os.getpid()
        self.child: Child | None = None
        self.reservation = PortReservation()
        self.proxy: FaultProxy | None = None
        self.host = HOST
        self._prefix: tuple[str, ...] = ()
        try:
            if network is not None:
                self.host, self._prefix = network.add_host()
            if proxied:
                self.proxy = FaultProxy((HOST, self.reservation.port))
            self.directory = Path(tempfile.mkdtemp(prefix="syncredis-"))
            watchdog.directory_made(self.directory)
        except BaseException:
            if self.proxy is not None:
                self.proxy.close()
            self.reservation.close()
            raise

    @property
    def config_path(self) -> Path:
        """The configuration file; the server rewrites it at times."""
        return self.directory / "server.conf"

    def launch(self, command: list[str]) -> None:
        """Start the process. Raises OSError when that is not possible."""
        self.child = Child([*self._prefix, *command], self.directory / "output.txt")

    def read_log(self) -> str:
        """Return what the server has logged and printed in all its runs so far."""
        paths = [self.directory / "output.txt", self.directory / "server.log"]
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())

    def give_back(self) -> None:
        """End the process, free the port, remove the directory. Runs from finalizers, too."""
        if os.getpid() != self._owner:
            return  # a forked child must not end the servers of its parent
        if self.child is not None:
            self.child.kill()
        if self.proxy is not None:
            self.proxy.close()
        self.reservation.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        watchdog.directory_removed(self.directory)
