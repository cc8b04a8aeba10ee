"""redis-py's connections, and the pools that hand them out: a face for the core's `Connection`, with redis-py's methods.

Commands of a client do not come by here: they go through the core's own pool. These are for those who take a connection
themselves, to send and to receive by hand, to poll its socket, or to hook into its life.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from syncredis import exceptions as core
from syncredis.command import Command
from syncredis.compat import retry as retries
from syncredis.compat.deprecation import warn_of_driver_names
from syncredis.compat.driver_info import UNSET, DriverInfo, resolve_driver_info
from syncredis.compat.encoder import Encoder
from syncredis.compat.exceptions import ConnectionError, DataError, TimeoutError
from syncredis.compat.options import (
    DEFAULT_SOCKET_CONNECT_TIMEOUT,
    DEFAULT_SOCKET_READ_SIZE,
    DEFAULT_SOCKET_TIMEOUT,
    config_from,
    keepalive_from,
)
from syncredis.compat.tls import DEFAULTS, requirement_from, tls_from
from syncredis.compat.translation import translated, translating
from syncredis.compat.wire import Packed, pack, split_name, taints, untext
from syncredis.config import ConnectionConfig, TLSConfig
from syncredis.connection import Connection as CoreConnection
from syncredis.opening import open_connection
from syncredis.resp import PushNotification
from syncredis.typing import EncodableT

#: Stands for "no reply has arrived yet"; None is a reply.
NOTHING: Final = object()


class DefaultParser:
    """What redis-py calls its parser, for those who pass it on as ``parser_class``. hiredis parses in any case."""

    def __init__(self, socket_read_size: int = DEFAULT_SOCKET_READ_SIZE) -> None:
        self.socket_read_size = socket_read_size


class ConnectionInterface:
    """What is common to all connections, also those of others."""


class AbstractConnection(ConnectionInterface):
    """A connection that is made when it is first needed, and made again when it was lost. Belongs to one thread at a time.

    The parameters are redis-py's; those that only concern its own parser and buffers, or maintenance notifications, are
    taken and have no effect.
    """

    def __init__(
        self,
        db: int = 0,
        password: str | None = None,
        socket_timeout: float | None = DEFAULT_SOCKET_TIMEOUT,
        socket_connect_timeout: float | None = DEFAULT_SOCKET_CONNECT_TIMEOUT,
        retry_on_timeout: bool = False,
        retry_on_error: Iterable[type[Exception]] = (),
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        decode_responses: bool = False,
        parser_class: Any = DefaultParser,  # noqa: ARG002 - hiredis parses
        socket_read_size: int = DEFAULT_SOCKET_READ_SIZE,
        health_check_interval: float = 0,
        client_name: str | None = None,
        lib_name: str | None = UNSET,
        lib_version: str | None = UNSET,
        driver_info: DriverInfo | None = UNSET,
        username: str | None = None,
        retry: retries.Retry | None = None,
        redis_connect_func: Callable[[Any], Any] | None = None,
        credential_provider: Any = None,
        protocol: int | None = None,
        legacy_responses: bool = True,
        command_packer: Any = None,  # noqa: ARG002 - as redis-py
        event_dispatcher: Any = None,  # noqa: ARG002 - as redis-py
        **unused: Any,
    ) -> None:
        warn_of_driver_names({"lib_name": lib_name, "lib_version": lib_version})
        if (username or password) and credential_provider is not None:
            raise DataError("'username' and 'password' cannot be passed along with 'credential_provider'. Give either.")
        if unknown := {name for name in unused if not name.startswith(("maint", "orig_", "oss_", "himport_"))}:
            raise TypeError(f"{type(self).__name__} got an unexpected keyword argument {min(unknown)!r}")
        self.pid = os.getpid()
        self.db = db
        self.username = username
        self.password = password
        self.socket_timeout = socket_timeout
        self.socket_connect_timeout = socket_timeout if socket_connect_timeout is None else socket_connect_timeout
        self.client_name = client_name
        self.credential_provider = credential_provider
        self.redis_connect_func = redis_connect_func
        self.driver_info = resolve_driver_info(driver_info, lib_name, lib_version)
        self._says_driver = self.driver_info != DriverInfo()  # the handshake has said that this library is there
        self.health_check_interval = health_check_interval
        self.next_health_check: float = 0
        self.retry_on_timeout = retry_on_timeout
        self.retry_on_error = [*retry_on_error, *((TimeoutError,) if retry_on_timeout else ())]
        self.retry = retries.of_connection(
            {"retry": retry, "retry_on_timeout": retry_on_timeout, "retry_on_error": retry_on_error}
        )
        self.socket_read_size = socket_read_size
        self.encoder = Encoder(encoding, encoding_errors, decode_responses)
        self.protocol = _protocol(protocol)
        self.legacy_responses = legacy_responses
        self._core: CoreConnection | None = None
        self._owed = 0
        self._arrived: deque[Any] = deque()
        self._tainted = False
        self._connect_callbacks: list[Callable[[Any], Any]] = []
        self._should_reconnect = self._broken_off = self._retired = False
        #: Held by the thread that talks through it for a task: a thread leaves later than a task that is cancelled.
        self.turn = threading.RLock()
        #: A weak reference to what asyncio's users have of it.
        self.side: Any = None

    def __repr__(self) -> str:
        pieces = ",".join(f"{name}={value}" for name, value in self.repr_pieces())
        return f"<{type(self).__module__}.{type(self).__name__}({pieces})>"

    def repr_pieces(self) -> list[tuple[str, Any]]:
        """What `repr` shows."""
        name = [("client_name", self.client_name)] if self.client_name else []
        return [*self._place().items(), ("db", self.db), *name]

    def _place(self) -> dict[str, Any]:
        """Where it leads, under redis-py's names."""
        raise NotImplementedError

    def _tls(self) -> TLSConfig | None:
        return None

    # --- being connected ------------------------------------------------------------------------------

    @property
    def _sock(self) -> Any:
        """The socket, to be polled; None while there is none. Many frameworks look at it."""
        core_connection = self._core
        if core_connection is None or core_connection.fileno() < 0:
            return None
        return core_connection.sock

    @property
    def is_connected(self) -> bool:
        """Whether there is a socket."""
        return self._sock is not None and not self._broken_off

    def config(self, at: ConnectionConfig | None = None) -> ConnectionConfig:
        """Return how to connect, as the attributes say now; ``at`` says where, if that is found out elsewhere."""
        username, password = self.username, self.password
        if self.credential_provider is not None:
            *users, password = self.credential_provider.get_credentials()
            username = users[0] if users else None
        options = {
            **self._place(),
            "db": self.db,
            "username": username,
            "password": password,
            "client_name": self.client_name,
            "socket_timeout": self.socket_timeout,
            "socket_connect_timeout": self.socket_connect_timeout,
            "encoding": self.encoder.encoding,
            "protocol": self.protocol,
            "socket_keepalive": getattr(self, "socket_keepalive", None),
        }
        found = config_from(options, self._tls())
        return found if at is None else found.at(at.location)

    def connect(self) -> None:
        """Connect, if that is not so yet. Blocks."""
        if not self.is_connected:
            self._check_not_retired()
            self.retry.call_with_retry(self.open_anew, self._could_not_connect)

    def _could_not_connect(self, error: Exception) -> None:
        self.disconnect(error)
        if isinstance(error.__cause__, core.InterruptedCallError):  # nobody waits for it any more
            raise error

    def _check_not_retired(self) -> None:
        if self._retired:
            raise translated(core.InterruptedCallError("the client was closed while this call was in progress"))

    def open_anew(self) -> None:
        """Connect once, wherever this connection leads. Blocks."""
        self.open()

    def open(self, at: ConnectionConfig | None = None, ask_role: bool = False) -> CoreConnection:
        """Make the connection once, and return the core's. Blocks.

        Args:
            at: where to, if that is found out elsewhere.
            ask_role: whether the server is asked for its role.
        """
        self.disconnect()
        with translating():
            made = open_connection(self.config(at), ask_role=ask_role)
            if self._says_driver and self.driver_info is not None:
                made.execute_many(_introduction(self.driver_info), True)
        self._core = made
        self.pid = os.getpid()
        self._note_health()
        try:
            self._opened(made)
            if self.redis_connect_func is None:
                self.on_connect_check_health()
            else:
                self.redis_connect_func(self)
            for callback in list(self._connect_callbacks):
                callback(self)
            self._check_not_retired()
        except BaseException:
            self.disconnect()
            raise
        return made

    def adopt(self, connection: CoreConnection) -> None:
        """Become the face of a connection that was made without one. Never blocks."""
        self._core = connection

    def _opened(self, made: CoreConnection) -> None:
        """For subclasses: the handshake is over."""

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: ARG002 - as redis-py
        """`on_connect`, by the name under which redis-py calls it since 6.0; subclasses may override either."""
        self.on_connect()

    def on_connect(self) -> None:
        """Called on each new connection, unless ``redis_connect_func`` is; for subclasses. The handshake is over by then."""

    def disconnect(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - as redis-py
        """Close the socket. Never blocks, never raises."""
        closing, self._core = self._core, None
        self._arrived.clear()
        self._owed = 0
        self._tainted = self._should_reconnect = self._broken_off = False
        if closing is not None and os.getpid() != self.pid:
            closing.close_in_child()  # the parent keeps the connection
        elif closing is not None:
            closing.interrupt()  # who waits on it in another thread shall wake before its descriptor is given out anew
            closing.close()

    def _drop(self, connection: CoreConnection) -> None:
        """`disconnect`, unless another thread has done so already, and this is connected anew."""
        if self._core is connection:
            self.disconnect()

    def break_off(self) -> None:
        """Have it made anew before anybody uses it again, and end what a thread does with it. Never blocks."""
        self._broken_off = True
        connection = self._core
        if connection is not None:
            connection.interrupt()
        self.close_if_broken_off()

    def close_if_broken_off(self) -> None:
        """Close it after `break_off`, unless a thread has its `turn`, which calls this afterwards. Never blocks."""
        while self._broken_off and self.turn.acquire(blocking=False):
            try:
                if self._broken_off:
                    self.disconnect()
            finally:
                self.turn.release()

    def retire(self) -> None:
        """Close it for good: a call in progress does not connect it anew. Never blocks."""
        self._retired = True
        self.disconnect()

    def register_connect_callback(self, callback: Callable[[Any], Any]) -> None:
        """Have ``callback`` called with this object whenever a connection was made."""
        if callback not in self._connect_callbacks:
            self._connect_callbacks.append(callback)

    def deregister_connect_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call it no longer."""
        if callback in self._connect_callbacks:
            self._connect_callbacks.remove(callback)

    def mark_for_reconnect(self) -> None:
        """Have the pool close it when it comes back."""
        self._should_reconnect = True

    def should_reconnect(self) -> bool:
        """Whether `mark_for_reconnect` was called since it was made."""
        return self._should_reconnect

    def reset_should_reconnect(self) -> None:
        """Forget `mark_for_reconnect`."""
        self._should_reconnect = False

    def check_health(self) -> None:
        """Ask for a sign of life, if ``health_check_interval`` seconds have passed since the last reply. Blocks.

        A connection that gives none is made anew, as ``retry`` says.

        Raises:
            ConnectionError, TimeoutError: if that came to nothing.
        """
        if self.health_check_interval and time.monotonic() > self.next_health_check:
            self.retry.call_with_retry(self._send_ping, lambda error: self.disconnect(error))

    def _send_ping(self) -> None:
        self.send_command("PING", check_health=False)
        if self.read_response() not in (b"PONG", "PONG"):
            raise ConnectionError("Bad response from PING health check")

    def _note_health(self) -> None:
        """Something has arrived: the next sign of life is not due for a while."""
        if self.health_check_interval:
            self.next_health_check = time.monotonic() + self.health_check_interval

    def set_parser(self, parser_class: Any) -> None:
        """Nothing: hiredis parses."""

    def get_protocol(self) -> int:
        """Return the version of the protocol that was asked for."""
        return self.protocol

    # --- by hand: send, and receive ---------------------------------------------------------------------

    def execute(self, command: Command[Any], text: bool) -> Any:
        """Send a command and return its reply, as the core's `Connection.execute` does, whose errors it raises."""
        self._be_ready()
        connection = self._core
        assert connection is not None
        try:
            reply = connection.execute(command, text)
        except core.BusyLoadingError:
            self._drop(connection)  # as redis-py: elsewhere, or later, there may be one that has loaded
            raise
        finally:
            if not connection.in_step:
                self._drop(connection)
        self._note_health()
        return reply

    def send_command(self, *args: Any, **kwargs: Any) -> None:
        """Send a command; `read_response` returns its reply. Blocks while the server does not read.

        Args:
            *args: the command.
            **kwargs: ``check_health=False``: without `check_health`.
        """
        check_health = kwargs.get("check_health", True)
        if (
            type(self).send_packed_command is not AbstractConnection.send_packed_command
        ):  # whoever overrides it sees all
            self.send_packed_command(self.pack_command(*args), check_health=check_health)
            return
        self._be_ready(check_health)
        self._send(Command(split_name(args)), 1, taints(args))

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send what `pack_command` or `pack_commands` returned. Blocks while the server does not read."""
        self._be_ready(check_health)
        self._send(command, command.commands if isinstance(command, Packed) else None, True)

    def _be_ready(self, check_health: bool = True) -> None:
        """Connect if need be, and see whether the other end is still there, unless it owes replies."""
        if not self.is_connected:
            self.connect()
        if check_health and self._owed <= 0:  # among replies that are owed, its own could not be told
            self.check_health()
        if not self.is_connected:  # a callback has closed it
            self.connect()

    def _send(self, what: Any, commands: int | None, tainting: bool) -> None:
        connection = self._core
        assert connection is not None
        self._tainted = self._tainted or tainting or commands is None
        try:
            with translating(), connection.interruptible():
                if isinstance(what, Command):
                    connection.send(what)
                else:
                    connection.send_packed(what)
        except (ConnectionError, TimeoutError):
            self._drop(connection)
            raise
        self._owed += commands or 0

    def can_read(self, timeout: float | None = 0) -> bool:
        """Return whether there is something to read, the end of the connection included; blocks for at most ``timeout``."""
        if not self.is_connected:
            self.connect()
        connection = self._core
        assert connection is not None
        return bool(self._arrived) or connection.wait(timeout)

    def read_response(
        self,
        disable_decoding: bool = False,
        *,
        timeout: float | None = UNSET,
        disconnect_on_error: bool = True,
        push_request: bool = False,
    ) -> Any:
        """Return the next reply. Blocks for at most ``timeout`` seconds; without it, for ``socket_timeout``.

        Raises:
            ResponseError: if it is an error.
            TimeoutError, ConnectionError: if none came; the connection is closed, unless ``disconnect_on_error`` says not to.
        """
        limit = self.socket_timeout if timeout is UNSET else timeout
        try:
            reply = self._next_reply(limit, not disable_decoding, push_request)
        except BaseException as error:
            if disconnect_on_error:
                self.disconnect(error)
            raise
        if isinstance(reply, core.RedisError):
            raise translated(reply)
        return reply

    def _next_reply(self, limit: float | None, decode: bool, push_request: bool) -> Any:
        while (reply := self.reply_now(decode, push_request)) is NOTHING:
            connection = self._connected()
            if not connection.wait(limit):
                raise TimeoutError(f"Timeout reading from {connection.config.target}")
        return reply

    def reply_now(self, decode: bool = True, push_request: bool = False) -> Any:
        """Return the next reply if it has arrived, an error as one of the core's, or `NOTHING`. Never blocks.

        Args:
            decode: as ``decode_responses`` says; otherwise leave strings as bytes.
            push_request: return what the server sends unasked, too.

        Raises:
            ConnectionError: if the connection ended.
        """
        encoder = self.encoder
        strict = encoder.encoding_errors == "strict"
        text = decode and encoder.decode_responses
        connection = self._connected()
        while True:
            if not self._arrived:
                with translating():
                    self._arrived += connection.take(text and strict)
            if not self._arrived:
                return NOTHING
            reply = self._arrived.popleft()
            self._note_health()
            pushed = isinstance(reply, PushNotification)
            if not pushed:
                self._owed -= 1
                if self._owed <= 0 and not self._arrived:
                    connection.resume()
            elif not push_request:
                continue
            reply = list(reply) if pushed else reply
            return untext(reply, encoder) if text and not strict else reply

    def _connected(self) -> CoreConnection:
        if self._core is None:
            raise ConnectionError("Connection closed: there is nothing to read from")
        return self._core

    def pack_command(self, *args: EncodableT) -> Packed:
        """Return a command as it goes over the wire, in pieces."""
        return self.pack_commands([args])

    def pack_commands(self, commands: Iterable[tuple[EncodableT, ...]]) -> Packed:
        """Return several commands as they go over the wire, in pieces."""
        with translating():
            return pack([split_name(args) for args in commands], self.encoder.encoding)

    @property
    def is_clean(self) -> bool:
        """Whether somebody else can use the connection: it does nothing else than answer, and owes no answer."""
        return not (self._tainted or self._should_reconnect or self._broken_off or self.owes)

    @property
    def owes(self) -> bool:
        """Whether there are replies that `read_response` has not returned yet."""
        return self._owed > 0 or bool(self._arrived)


def owes(connection: Any) -> bool:
    """Whether replies were not read from a client's own connection; of another make's, nobody knows."""
    kind = type(connection)  # of a mock, isinstance would say what it stands for
    return issubclass(kind, ConnectionInterface) and bool(getattr(connection, "owes", False))


def retire_if_used(connection: Any, is_free: bool) -> None:
    """Close for good what was a client's own connection, if somebody talks through it still, or has not done so to the end."""
    if issubclass(type(connection), ConnectionInterface) and not (is_free and connection.is_clean):
        connection.retire()


class Connection(AbstractConnection):
    """A connection over TCP."""

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        socket_keepalive: bool | None = True,
        socket_keepalive_options: Any = UNSET,
        socket_type: int = 0,
        **kwargs: Any,
    ) -> None:
        self.host = host
        self.port = int(port)
        self.socket_keepalive = socket_keepalive
        self.socket_keepalive_options = keepalive_from(socket_keepalive_options)
        self.socket_type = socket_type
        super().__init__(**kwargs)

    def _place(self) -> dict[str, Any]:
        return {"host": self.host, "port": self.port}

    def _opened(self, made: CoreConnection) -> None:
        if self.socket_keepalive:
            for option, value in self.socket_keepalive_options.items():
                made.sock.setsockopt(socket.IPPROTO_TCP, option, value)


class SSLConnection(Connection):
    """A connection over TCP that is encrypted; the options are those of `syncredis.compat.tls.DEFAULTS`."""

    def __init__(self, **kwargs: Any) -> None:
        self._ssl_options = {name: kwargs.pop(name, default) for name, default in DEFAULTS.items()}
        self.keyfile = self._ssl_options["ssl_keyfile"]
        self.certfile = self._ssl_options["ssl_certfile"]
        self.cert_reqs = requirement_from(self._ssl_options["ssl_cert_reqs"])
        self.ca_certs = self._ssl_options["ssl_ca_certs"]
        self.ca_path = self._ssl_options["ssl_ca_path"]
        self.ca_data = self._ssl_options["ssl_ca_data"]
        self.check_hostname = bool(self._ssl_options["ssl_check_hostname"]) and self.cert_reqs != 0
        self.certificate_password = self._ssl_options["ssl_password"]
        for name in ("ssl_include_verify_flags", "ssl_exclude_verify_flags", "ssl_min_version", "ssl_ciphers"):
            setattr(self, name, self._ssl_options[name])
        super().__init__(**kwargs)

    def _tls(self) -> TLSConfig | None:
        return tls_from(self._ssl_options)


class UnixDomainSocketConnection(AbstractConnection):
    """A connection through a Unix socket."""

    def __init__(self, path: str = "", socket_timeout: float | None = DEFAULT_SOCKET_TIMEOUT, **kwargs: Any) -> None:
        self.path = path
        super().__init__(socket_timeout=socket_timeout, **kwargs)

    def _place(self) -> dict[str, Any]:
        return {"path": self.path}


def _protocol(given: Any) -> int:
    try:
        version = 3 if given is None else int(given)
    except ValueError:
        raise ConnectionError("protocol must be an integer") from None
    if version not in (2, 3):
        raise ConnectionError("protocol must be either 2 or 3")
    return version


def _introduction(driver: DriverInfo) -> list[Command[Any]]:
    facts = {"LIB-NAME": driver.formatted_name, "LIB-VER": driver.lib_version}
    return [Command(("CLIENT", "SETINFO", name, fact)) for name, fact in facts.items() if fact]
