"""redis-py's async connections and pools: the blocking ones, whose blocking calls run in worker threads."""

from __future__ import annotations

import inspect
import socket
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TypeVar

import anyio

from syncredis import aio
from syncredis import exceptions as core
from syncredis.aio.worker import Worker
from syncredis.command import Command
from syncredis.compat import faces, pools
from syncredis.compat.asyncio.foreign import Awaited, is_foreign
from syncredis.compat.asyncio.handover import Handover
from syncredis.compat.asyncio.loop import Loop
from syncredis.compat.asyncio.retry import Retry
from syncredis.compat.deprecation import warn_of_command_name, warn_of_name
from syncredis.compat.driver_info import UNSET
from syncredis.compat.encoder import Encoder
from syncredis.compat.exceptions import ConnectionError, TimeoutError
from syncredis.compat.faces import NOTHING, DefaultParser
from syncredis.compat.options import (
    DEFAULT_SOCKET_CONNECT_TIMEOUT,
    DEFAULT_SOCKET_READ_SIZE,
    DEFAULT_SOCKET_TIMEOUT,
)
from syncredis.compat.retry import AbstractRetry, blocking
from syncredis.compat.translation import translated
from syncredis.compat.urls import (
    FALSE_STRINGS,
    URL_QUERY_ARGUMENT_PARSERS,
    options_from_url,
    parse_ssl_verify_flags,
    to_bool,
)
from syncredis.interruption import current as current_interruption
from syncredis.interruption import interrupted_before

T = TypeVar("T")
_PoolT = TypeVar("_PoolT", bound="ConnectionPool")

#: Runs what blocks, for connections that belong to no pool.
_worker: Final = Worker(100, None)


def awaited_in_thread(provider: Any, loop: Loop) -> Any:
    """Return what a credential provider says, from within another thread, whether it is to be awaited or not."""
    if type(provider).get_credentials_async is _asks_the_other():
        return provider.get_credentials()
    return loop.run(provider.get_credentials_async)


def _asks_the_other() -> Any:
    from syncredis.compat.credentials import CredentialProvider

    return CredentialProvider.get_credentials_async


class AbstractConnection(faces.ConnectionInterface):
    """A connection that is made when it is first needed. Belongs to one task at a time.

    Attributes:
        face: the blocking one.
    """

    face_class: ClassVar[Any] = faces.AbstractConnection

    def __init__(self, **kwargs: Any) -> None:
        self.face: Any = self.face_class(**kwargs)
        self.face.side = weakref.ref(self)

    @classmethod
    def around(cls, face: Any) -> Self:
        """Return the async side of a blocking connection: the one that somebody has still, or a new one."""
        known = None if face.side is None else face.side()
        if known is not None:
            return known  # type: ignore[no-any-return]
        made = cls.__new__(cls)
        made.face = face
        face.side = weakref.ref(made)
        return made

    def __repr__(self) -> str:
        pieces = ",".join(f"{name}={value}" for name, value in self.repr_pieces())
        return f"<{type(self).__module__}.{type(self).__name__}({pieces})>"

    def __getattr__(self, name: str) -> Any:
        # Its options and its state: all that does not block.
        if name.startswith("__") or name == "face":
            raise AttributeError(name)
        return getattr(self.face, name)

    def repr_pieces(self) -> list[tuple[str, Any]]:
        """What `repr` shows."""
        return self.face.repr_pieces()  # type: ignore[no-any-return]

    @property
    def retry(self) -> Retry:
        """How often connecting is tried again."""
        known = self.face.retry
        supported = tuple(kind for kind in known._supported_errors if kind is not socket.timeout)
        return Retry(known._backoff, known._retries, supported)

    @retry.setter
    def retry(self, value: AbstractRetry) -> None:
        self.face.retry = blocking(value)

    @property
    def next_health_check(self) -> float:
        """When `check_health` asks for a sign of life, by `time.monotonic`."""
        return self.face.next_health_check  # type: ignore[no-any-return]

    @next_health_check.setter
    def next_health_check(self, moment: float) -> None:
        self.face.next_health_check = moment

    async def check_health(self) -> None:
        """Ask for a sign of life if it is time; see the blocking connection."""
        await self.in_thread(_worker, self.face.check_health)

    async def in_thread(self, worker: Worker, function: Callable[..., T], *arguments: Any) -> T:
        """Return what ``function`` returns in a worker thread, where nobody else uses the connection meanwhile.

        If the task is cancelled, the thread leaves by itself, a little later, and the connection is made anew.
        """
        face = self.face

        def alone() -> T:
            try:
                with face.turn:
                    call = current_interruption()
                    if call is not None and call.interrupted:  # while it waited for the thread of somebody cancelled
                        raise interrupted_before("it began")
                    return function(*arguments)
            finally:
                face.close_if_broken_off()

        try:
            return await worker.run(alone)
        except Exception:
            raise
        except BaseException:
            face.break_off()
            raise

    @property
    def is_connected(self) -> bool:
        """Whether there is a socket."""
        return bool(self.face.is_connected)

    async def connect(self) -> None:
        """Connect, if that is not so yet."""
        if self.is_connected:
            return
        await self.in_thread(_worker, self.face.connect)
        if self.face.redis_connect_func is None:
            try:
                await self.on_connect_check_health()
            except BaseException:
                self.close_now()
                raise

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: ARG002 - as redis-py
        """`on_connect`, by redis-py's newer name; subclasses may override either."""
        await self.on_connect()

    async def on_connect(self) -> None:
        """Called on each new connection, unless ``redis_connect_func`` is; for subclasses. The handshake is over by then."""

    async def disconnect(self, nowait: bool = False, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - as redis-py
        """Close the socket."""
        self.close_now()

    def close_now(self) -> None:
        """Close the socket. Never blocks."""
        descriptor = -1 if self.face._core is None else self.face._core.fileno()
        if descriptor >= 0:
            with suppress(Exception):  # there is no event loop any more
                anyio.notify_closing(descriptor)
        self.face.disconnect()

    def retire(self) -> None:
        """Close it for good; see the blocking connection. Never blocks."""
        self.face._retired = True
        self.close_now()

    async def send_command(self, *args: Any, **kwargs: Any) -> None:
        """Send a command; `read_response` returns its reply."""
        await self.connect()
        if (
            type(self).send_packed_command is not AbstractConnection.send_packed_command
        ):  # whoever overrides it sees all
            check_health = kwargs.get("check_health", True)
            await self.send_packed_command(self.face.pack_command(*args), check_health=check_health)
            return
        await self.in_thread(_worker, partial(self.face.send_command, *args, **kwargs))

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send what `pack_command` returned."""
        await self.connect()
        await self.in_thread(_worker, self.face.send_packed_command, command, check_health)

    async def can_read_destructive(self) -> bool:
        """`can_read`, by its old name."""
        warn_of_name("can_read_destructive", "Use can_read() instead", "8.0.0")
        return bool(self.face.can_read(0))

    async def can_read(self, timeout: float = 0) -> bool:
        """Return whether there is something to read within ``timeout`` seconds."""
        with anyio.move_on_after(timeout):
            while not self.face.can_read(0):
                await anyio.wait_readable(self.face._core.fileno())
        return bool(self.face.can_read(0))

    async def read_response(
        self,
        disable_decoding: bool = False,
        timeout: float | None = UNSET,
        *,
        disconnect_on_error: bool = True,
        push_request: bool = False,
    ) -> Any:
        """Return the next reply; raises as the blocking `read_response` does."""
        limit = self.face.socket_timeout if timeout is UNSET else timeout
        try:
            reply = await self._next_reply(limit, not disable_decoding, push_request)
        except BaseException:
            if disconnect_on_error:
                self.close_now()
            raise
        if isinstance(reply, core.RedisError):
            raise translated(reply)
        return reply

    async def _next_reply(self, limit: float | None, decode: bool, push_request: bool) -> Any:
        face = self.face
        with anyio.move_on_after(limit):
            while (reply := face.reply_now(decode, push_request)) is NOTHING:
                try:
                    await anyio.wait_readable(face._core.fileno())
                except (anyio.ClosedResourceError, AttributeError, ValueError):
                    raise ConnectionError("Connection closed by client.") from None
            return reply
        raise TimeoutError(f"Timeout reading from {face.config().target}")


class Connection(AbstractConnection):
    """A connection over TCP."""

    face_class: ClassVar[Any] = faces.Connection


class SSLConnection(Connection):
    """A connection over TCP that is encrypted."""

    face_class = faces.SSLConnection

    @property
    def include_verify_flags(self) -> Any:
        """What certificates are checked for in addition."""
        return self.face.ssl_include_verify_flags

    @property
    def exclude_verify_flags(self) -> Any:
        """What they are not checked for."""
        return self.face.ssl_exclude_verify_flags

    @property
    def min_version(self) -> Any:
        """The oldest version of TLS that is spoken."""
        return self.face.ssl_min_version


class UnixDomainSocketConnection(AbstractConnection):
    """A connection through a Unix socket."""

    face_class = faces.UnixDomainSocketConnection


class ConnectionPool:
    """Connections of one kind; see `syncredis.compat.pools.ConnectionPool`.

    Attributes:
        blocking: the blocking pool, which does the work.
    """

    blocking_class: ClassVar[Any] = pools.ConnectionPool

    def __init__(
        self,
        connection_class: Any = Connection,
        max_connections: int | None = None,
        **connection_kwargs: Any,
    ) -> None:
        self.connection_class = connection_class
        self.blocking = self._make(max_connections=max_connections, **connection_kwargs)

    def _make(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["connection_class"] = self._face
        self.loop = Loop()
        #: Whether its connections are of somebody else's make, so that their methods have to be awaited.
        self.is_foreign = self._is_foreign(self.connection_class)
        self._asks_loop = self.is_foreign or kwargs.get("credential_provider") is not None
        pool = self.blocking_class(*args, **kwargs)
        self._facade: tuple[Any, aio.Redis[Any]] | None = None
        return pool

    def _face(self, **kwargs: Any) -> Any:
        """Make the blocking side of a connection; the blocking pool takes this for its class."""
        made = self.connection_class(**kwargs)
        provider = kwargs.get("credential_provider")
        if provider is not None and isinstance(made, AbstractConnection):
            made.face.credential_provider = _Provider(provider, self.loop)
        return Awaited(made, self.loop) if self._is_foreign(type(made)) else made.face

    def _is_foreign(self, kind: Any) -> bool:
        return is_foreign(kind, AbstractConnection)

    @classmethod
    def from_url(cls: type[_PoolT], url: str, **kwargs: Any) -> _PoolT:
        """Return a pool for a URL. What the URL says goes before ``kwargs``."""
        scheme, options = options_from_url(url)
        by_scheme = {"rediss": SSLConnection, "unix": UnixDomainSocketConnection}
        if scheme in by_scheme:
            kwargs.setdefault("connection_class", by_scheme[scheme])
        return cls(**{**kwargs, **options})

    def __repr__(self) -> str:
        shown = repr(self.blocking).partition("(")[2].partition("(")[2]
        kind = self.connection_class
        return f"<{type(self).__module__}.{type(self).__name__}(<{kind.__module__}.{kind.__name__}({shown}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def connection_kwargs(self) -> dict[str, Any]:
        """What connections are made with; may be changed."""
        return self.blocking.connection_kwargs  # type: ignore[no-any-return]

    @property
    def max_connections(self) -> int:
        """The most that are open at once."""
        return self.blocking.max_connections  # type: ignore[no-any-return]

    @property
    def facade(self) -> aio.Redis[Any]:
        """The core's async client on the core's pool: what carries commands out."""
        if self._asks_loop:
            self.loop.note()
        client = self.blocking.client
        if self._facade is None or self._facade[0] is not client:
            self._facade = client, aio.Redis.wrapping(client)
        return self._facade[1]

    @property
    def worker(self) -> Worker:
        """Runs what blocks on this pool."""
        return self.facade._worker

    def make_connection(self) -> Any:
        """Return a new connection, which is not connected yet, and does not count."""
        return self.connection_class(**self.connection_kwargs)

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection for the caller alone, who owes it back by `release`."""
        warn_of_command_name(command_name, keys, options)
        handover: Handover[Any] = Handover(self.blocking.release)
        try:
            face = await self.worker.run(lambda: handover.offer(self.blocking.get_connection()))
        except BaseException:
            for offered in handover.refuse():
                with anyio.CancelScope(shield=True):
                    await self._run(self.blocking.release, offered)
            raise
        return self._around(face)

    def _around(self, face: Any) -> Any:
        return face.made if isinstance(face, Awaited) else self.connection_class.around(face)

    def _behind(self, connection: Any) -> Any:
        """Return what the blocking pool knows a connection as."""
        if self.is_foreign or not isinstance(connection, AbstractConnection):
            return Awaited(connection, self.loop)
        return connection.face

    async def release(self, connection: Any) -> None:
        """Take a connection back."""
        with anyio.CancelScope(shield=True):  # what was lent comes back, whatever becomes of the task
            await self._run(self.blocking.release, self._behind(connection))

    def break_off(self, connection: Any) -> None:
        """See to it that nobody takes what a connection still owes for his reply: it is made anew. Never waits."""
        if isinstance(connection, AbstractConnection):
            connection.face.break_off()
        else:
            self.loop.note()
            Awaited(connection, self.loop).disconnect()

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections that rest, and those in use if that is wanted."""
        await self._run(self.blocking.disconnect, inuse_connections)

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that blocks only where it awaits connections of somebody else's make."""
        if not self.is_foreign:
            return function(*arguments)
        self.loop.note()
        return await _worker.run(function, *arguments)

    async def log_in(self, command: Command[Any]) -> Any:
        """Carry out an AUTH for all connections; see the blocking pool's."""
        try:
            reply = await self.execute(command)
        except core.AuthenticationRequiredError:  # no connection can be made without
            return await self.worker.run(self.blocking.log_in, command)
        self.blocking.logged_in(command)
        return reply

    async def execute(self, command: Command[Any]) -> Any:
        """Carry out a command of the core's."""
        facade = self.facade
        if self.is_foreign:  # those can not be shared
            return await facade._worker.run(self.blocking.client.execute, command)
        return await facade.execute(command)

    def reset(self) -> None:
        """Begin anew: what was changed in ``connection_kwargs`` takes effect for all."""
        self.blocking.reset()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._run(self.blocking.close)

    def get_encoder(self) -> Encoder:
        """Return what encodes and decodes for these connections."""
        return self.blocking.get_encoder()  # type: ignore[no-any-return]

    def get_protocol(self) -> Any:
        """Return the version of the protocol that was asked for."""
        return self.blocking.get_protocol()

    def set_retry(self, retry: AbstractRetry) -> None:
        """Try again as ``retry`` says, from now on."""
        self.blocking.set_retry(retry)

    def owns_connection(self, connection: Any) -> bool:
        """Whether this pool has lent it."""
        return self.blocking.owns_connection(self._behind(connection))  # type: ignore[no-any-return]


class BlockingConnectionPool(ConnectionPool):
    """A pool whose callers wait for a connection, for at most ``timeout`` seconds."""

    blocking_class = pools.BlockingConnectionPool

    def __init__(
        self,
        max_connections: int = 50,
        timeout: float | None = 20,
        connection_class: Any = Connection,
        queue_class: Any = None,  # noqa: ARG002 - as redis-py
        **connection_kwargs: Any,
    ) -> None:
        self.connection_class = connection_class
        self.timeout = timeout
        self.blocking = self._make(max_connections=max_connections, timeout=timeout, **connection_kwargs)


class _Provider:
    """A credential provider that may have to be awaited, as the blocking connections ask it: in a worker thread."""

    def __init__(self, provider: Any, loop: Loop) -> None:
        self._provider = provider
        self._loop = loop

    def get_credentials(self) -> Any:
        """Return what it says."""
        return awaited_in_thread(self._provider, self._loop)


def handler_result(returned: Any) -> Any:
    """Return something to be awaited if a handler wants that, else None."""
    return returned if inspect.isawaitable(returned) else None


def parse_url(url: str) -> dict[str, Any]:
    """Return the options that a URL holds, ``connection_class`` among them where it is not a plain `Connection`."""
    scheme, options = options_from_url(url)
    by_scheme: dict[str, Callable[..., Any]] = {"rediss": SSLConnection, "unix": UnixDomainSocketConnection}
    if scheme in by_scheme:
        options["connection_class"] = by_scheme[scheme]
    return options


__all__ = [
    "DEFAULT_SOCKET_CONNECT_TIMEOUT",
    "DEFAULT_SOCKET_READ_SIZE",
    "DEFAULT_SOCKET_TIMEOUT",
    "FALSE_STRINGS",
    "URL_QUERY_ARGUMENT_PARSERS",
    "AbstractConnection",
    "BlockingConnectionPool",
    "Connection",
    "ConnectionPool",
    "DefaultParser",
    "SSLConnection",
    "UnixDomainSocketConnection",
    "parse_ssl_verify_flags",
    "parse_url",
    "to_bool",
]
