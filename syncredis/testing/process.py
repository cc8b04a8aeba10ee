"""One real server or Sentinel process on loopback."""

from __future__ import annotations

import os
import signal
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from syncredis import NO_RETRY, Location, Redis
from syncredis.testing.binaries import ServerBinary, find
from syncredis.testing.certificates import client_context
from syncredis.testing.child import Child
from syncredis.testing.directives import ConfigValue, lines, quote, render
from syncredis.testing.errors import NotReadyError, ServerProcessError, ServerStartError
from syncredis.testing.holdings import Holdings
from syncredis.testing.network import Network
from syncredis.testing.ports import HOST
from syncredis.testing.probe import answers
from syncredis.testing.proxy import FaultProxy

_OURS: Final = frozenset({"port", "bind", "dir", "logfile", "unixsocket", "daemonize", "tls-port"})
_POLL: Final = 0.005  # seconds between two looks at a server that starts
_START_ATTEMPTS: Final = 5
_TAIL: Final = 25  # lines of the log that an error carries


class ServerProcess:
    """A Valkey or Redis server, or a Sentinel, in a process and a temporary directory of its own.

    It listens on a free port of the loopback interface, keeps it across `kill` and `restart`, and
    keeps nothing on disk unless `config` says so. It ends with `close`, at the end of the `with`
    block, when it is forgotten, and when this Python process ends, in whatever way.

    One thread at a time may start, stop and close it; `kill`, `freeze`, `thaw` and everything that
    only looks may be called from any thread.
    """

    def __init__(
        self,
        server: ServerBinary | str | os.PathLike[str] = "auto",
        *,
        name: str | None = None,
        sentinel: bool = False,
        config: Mapping[str, ConfigValue] | None = None,
        password: str | None = None,
        unix_socket: bool = False,
        tls: bool = False,
        proxied: bool = False,
        network: Network | None = None,
    ) -> None:
        """Describe the server; nothing runs before `start`.

        Args:
            server: The binary, or what `find` shall look for.
            name: What to call it in messages.
            sentinel: Run as Sentinel.
            config: Directives of the server's configuration file, on top of our own. Values are
                written as they are: see `quote`.
            password: Wanted from every client, and shown to a primary by a replica.
            unix_socket: Listen on `socket_path` as well.
            tls: Speak TLS on the port; `config` has to hold `tls-cert-file` and its like.
            proxied: Have everybody reach it through `proxy`, whose place it announces as its own.
            network: Run it on a host of its own in this network, and nowhere else. It listens on `socket_path` as well:
                `client` and `execute_command` use that, and work whatever befalls the network.

        Raises:
            ServerNotFoundError: If there is no such binary.
            ValueError: If `config` holds a directive that is set here, such as `port`; with `network`, for a proxy or TLS.
        """
        if network is not None and (proxied or tls):
            raise ValueError("a server in a network of its own has no proxy and speaks no TLS here")
        self.binary = server if isinstance(server, ServerBinary) else find(server)
        self.name = name or ("sentinel" if sentinel else "server")
        self.is_sentinel = sentinel
        self._given: dict[str, ConfigValue] = dict(config or {})
        if taken := sorted(_OURS & self._given.keys()):
            raise ValueError(f"{', '.join(taken)}: set by ServerProcess itself, not through config")
        self._password = password
        self._network = network
        self._with_socket = unix_socket or network is not None
        self._tls = tls
        self._proxied = proxied
        self._holdings: Holdings | None = None
        self._finalizer: weakref.finalize[[], ServerProcess] | None = None
        self._was_ready = False
        self._is_frozen = False

    # -- where it is and how it is

    @property
    def port(self) -> int:
        """The TCP port, the same until `close`. ServerProcessError before the start."""
        return self._held.reservation.port

    @property
    def location(self) -> Location:
        """Host and port where it is to be found: those of its proxy if it has one. ServerProcessError before the start."""
        proxy = self._held.proxy
        return Location(self._held.host, self.port) if proxy is None else proxy.location

    @property
    def proxy(self) -> FaultProxy:
        """What stands between it and everybody else. ServerProcessError before the start, and without `proxied`."""
        proxy = self._held.proxy
        if proxy is None:
            raise ServerProcessError(f"{self} was made without proxied=True")
        return proxy

    @property
    def directory(self) -> Path:
        """Its directory, removed by `close`. ServerProcessError before the start."""
        return self._held.directory

    @property
    def socket_path(self) -> Path | None:
        """The Unix socket, None without `unix_socket` and `network`. ServerProcessError before the start."""
        return self.directory / "server.sock" if self._with_socket else None

    @property
    def pid(self) -> int | None:
        """The process number, None while it does not run."""
        child = self._child
        return child.pid if child is not None and child.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the process exists. A frozen one does."""
        return self.pid is not None

    @property
    def is_frozen(self) -> bool:
        """Whether the process is running but stopped by `freeze`."""
        return self._is_frozen and self.is_running

    def read_log(self) -> str:
        """Return what the server has printed and logged in all its runs so far."""
        return self._held.read_log()

    # -- its life

    def start(self, *, wait: bool = True, timeout: float = 10.0) -> None:
        """Start the server, and block until it answers unless `wait` is False.

        Raises:
            ServerStartError: If it ends instead, with the end of its log.
            NotReadyError: If it does not answer within `timeout` seconds; it is ended then.
            ServerProcessError: If it runs already.
        """
        if self.is_running:
            raise ServerProcessError(f"{self} is already running")
        if self._holdings is None:
            self._occupy()
        try:
            self._launch()
            if wait:
                self.wait_until_ready(timeout)
        except BaseException:
            self.kill()
            raise

    def wait_until_ready(self, timeout: float = 10.0) -> None:
        """Block until the server answers PING, if only by asking for a password.

        Raises:
            ServerStartError: If it ends instead, with the end of its log.
            NotReadyError: If it does not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        attempts = 1 if self._was_ready else _START_ATTEMPTS
        tls = client_context(self._given) if self._tls else None
        while True:
            if self.is_running:
                if answers(self._way_in, tls=tls) and self.is_running:
                    self._was_ready = True
                    return
            elif attempts > 1 and self._lost_its_port():
                attempts -= 1
                self._occupy()
                self._launch()
            else:
                raise ServerStartError(self._with_log(f"{self} ended while it started"))
            if time.monotonic() > deadline:
                message = f"{self} did not answer within {timeout:g} s"
                raise NotReadyError(self._with_log(message))
            time.sleep(_POLL)

    def stop(self, timeout: float = 5.0) -> None:
        """Ask the server to end, and end it after `timeout` seconds; blocks until it is gone."""
        child = self._child
        if child is None:
            return
        child.send(signal.SIGTERM)
        if self._is_frozen:
            child.send(signal.SIGCONT)  # a stopped process does not take the request
        if not child.wait(timeout):
            child.kill()
        self._is_frozen = False

    def kill(self) -> None:
        """End the server at once, as a crash would (SIGKILL); blocks until it is gone."""
        if self._child is not None:
            self._child.kill()
        self._is_frozen = False

    def freeze(self) -> None:
        """Stop the server without ending it (SIGSTOP): it holds its connections and is silent.

        Raises ServerProcessError if it does not run.
        """
        self._running_child().freeze()
        self._is_frozen = True

    def thaw(self) -> None:
        """Let a frozen server go on (SIGCONT). Raises ServerProcessError if it does not run."""
        self._running_child().send(signal.SIGCONT)
        self._is_frozen = False

    def restart(self, *, wait: bool = True, timeout: float = 10.0) -> None:
        """Stop the server if it runs, and start it with the same port, directory and configuration.

        What the server itself has written to its configuration file since stays in it. Blocks and
        raises like `stop` and `start`.
        """
        self.stop()
        self.start(wait=wait, timeout=timeout)

    def close(self) -> None:
        """End the server at once, free its port and remove its directory. May be called again.

        A later `start` begins anew, on another port.
        """
        if self._finalizer is not None:
            self._finalizer()
        self._finalizer = self._holdings = None
        self._was_ready = self._is_frozen = False

    def execute_command(self, *arguments: str | bytes | int | float) -> Any:
        """Run one command on a connection of its own, past any proxy, and return the reply.

        Blocks for 5 seconds at most. Raises what `Redis.execute_command` raises.
        """
        with self.client() as client:
            return client.execute_command(*arguments)

    def client(self) -> Redis[str]:
        """Return a client that goes past any proxy, may do everything, waits 5 seconds for a reply and never tries again."""
        way_in = self._way_in
        where: dict[str, Any] = (
            {"unix_socket_path": str(way_in)} if isinstance(way_in, Path) else {"host": way_in[0], "port": way_in[1]}
        )
        return Redis(
            **where,
            password=self._password,
            connect_timeout=2.0,
            stream_timeout=5.0,
            retry_policy=NO_RETRY,
            ssl_context=client_context(self._given) if self._tls else None,
        )

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __str__(self) -> str:
        where = "" if self._holdings is None else f" on port {self.port}"
        return f"{self.name} ({self.binary}{where})"

    def __repr__(self) -> str:
        return f"<ServerProcess {self}>"

    # -- inside

    @property
    def _held(self) -> Holdings:
        if self._holdings is None:
            raise ServerProcessError(f"{self.name} has not been started, or is closed")
        return self._holdings

    @property
    def _way_in(self) -> tuple[str, int] | Path:
        """Where we reach it ourselves, whatever befalls others on their way."""
        if self._network is not None and self.socket_path is not None:
            return self.socket_path
        return HOST, self.port

    @property
    def _child(self) -> Child | None:
        return None if self._holdings is None else self._holdings.child

    def _occupy(self) -> None:
        """Take a directory and a port, instead of those held so far."""
        self.close()
        holdings = Holdings(proxied=self._proxied, network=self._network)
        self._finalizer = weakref.finalize(self, holdings.give_back)
        self._holdings = holdings
        holdings.config_path.write_text(render({**self._directives(), **self._given, **self._announcement()}))

    def _directives(self) -> dict[str, ConfigValue]:
        own: dict[str, ConfigValue] = {
            "port": 0 if self._tls else self.port,
            "bind": self._held.host,
            "dir": quote(str(self.directory)),
            "logfile": "server.log",
            "daemonize": False,
        }
        if self._tls:
            own["tls-port"] = self.port
        if self.socket_path is not None:
            own["unixsocket"] = quote(str(self.socket_path))
        if self._password is not None:
            own["requirepass"] = quote(self._password)
        if self._network is not None:
            own["protected-mode"] = False  # nobody else is in that network
        if self.is_sentinel:
            return own
        if self._proxied:
            own["replica-announce-ip"], own["replica-announce-port"] = self.location
        if self._password is not None:
            own["masterauth"] = quote(self._password)
        if self.binary.version >= (7, 0, 0):
            own["enable-debug-command"] = "local"
        return own | {"save": "", "appendonly": False}

    def _announcement(self) -> dict[str, ConfigValue]:
        """Where a Sentinel behind a proxy says that it is, in front of what is given under the same directive."""
        if not (self.is_sentinel and self._proxied):
            return {}
        host, port = self.location
        return {"sentinel": [f"announce-ip {host}", f"announce-port {port}", *lines(self._given.get("sentinel", []))]}

    def _launch(self) -> None:
        command = [str(self.binary.path), str(self._held.config_path)]
        if self.is_sentinel:
            command.append("--sentinel")
        self._held.launch(command)

    def _lost_its_port(self) -> bool:
        log = self.read_log()
        return "Address already in use" in log or "Failed listening on port" in log

    def _with_log(self, message: str) -> str:
        tail = self.read_log().splitlines()[-_TAIL:]
        child = self._child
        if child is not None and child.exit_code is not None:
            message += f" (exit code {child.exit_code})"
        return "\n  ".join([f"{message}. The end of its log:", *tail])

    def _running_child(self) -> Child:
        child = self._child
        if child is None or not child.is_running:
            raise ServerProcessError(f"{self} is not running")
        return child
