"""redis-py's pools: a face for the core's, which lend and keep the connections.

Two kinds of users share them. Clients go to the core's pool themselves (`ConnectionPool.core`), and never see a face. Who calls
`ConnectionPool.get_connection` gets one of ``connection_class``, be it a subclass or of another make altogether.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from queue import LifoQueue
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from syncredis import exceptions as core
from syncredis.client import Redis as CoreRedis
from syncredis.command import Command
from syncredis.compat.deprecation import warn_of_command_name
from syncredis.compat.encoder import Encoder
from syncredis.compat.exceptions import ConnectionError, MaxConnectionsError, RedisError
from syncredis.compat.faces import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from syncredis.compat.foreign import Foreign, is_foreign
from syncredis.compat.options import DEFAULT_SOCKET_TIMEOUT, config_from
from syncredis.compat.retry import Retry, blocking, policy_of
from syncredis.compat.translation import original, translated
from syncredis.compat.urls import options_from_url
from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.connection import Connection as CoreConnection
from syncredis.pool import ConnectionPool as CorePool
from syncredis.retry import NO_RETRY, RetryPolicy, retry
from syncredis.sentinel.client import Sentinel as CoreSentinel
from syncredis.sentinel.pool import PrimaryConnectionPool
from syncredis.sentinel.pool import SentinelConnectionPool as CoreSentinelPool
from syncredis.sentinel.replica_pool import ReplicaConnectionPool

_PoolT = TypeVar("_PoolT", bound="ConnectionPool")

_SECRET: Final = frozenset({"password", "username", "ssl_password", "credential_provider"})


class Faces:
    """Lets a pool of the core make its connections through faces. For subclasses of the core's pools, before them."""

    #: Makes a face that is not connected yet.
    make: Callable[[], Any]
    #: Where a primary is said to be, in place of what the Sentinels say.
    forced_host: str | None = None
    #: Seconds of rest after which a connection has to answer before it is lent; 0: never.
    health_check_interval: float = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Of a connection that was lent or shelved, its face, if somebody has it still.
        self._faces: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()
        # The face that a thread is connecting, if not a new one.
        self._reconnecting = threading.local()
        super().__init__(*args, **kwargs)

    def _dial(
        self,
        config: ConnectionConfig,
        *,
        ask_role: bool = False,
        first: Command[Any] | None = None,  # noqa: ARG002 - what a face says first is its own
    ) -> CoreConnection:
        reconnecting = getattr(self._reconnecting, "face", None)
        face = reconnecting or self.make()
        try:
            if reconnecting is None and self._talks_through(face):
                face.connect()
                return cast("CoreConnection", Foreign(face, config))
            made: CoreConnection = face.open(self._elsewhere(config), ask_role)
        except RedisError as error:
            raise original(error)  # noqa: B904 - the core's own, which has its cause
        self._faces[made] = weakref.ref(face)
        return made

    def _talks_through(self, face: Any) -> bool:
        # A pool of Sentinel says where to connect, and asks for the role: connections of ours have to let it do so.
        return is_foreign(face) and not (isinstance(self, CoreSentinelPool) and isinstance(face, AbstractConnection))

    def _elsewhere(self, config: ConnectionConfig) -> ConnectionConfig | None:
        """Where to connect, if a face can not know that itself."""
        if not isinstance(self, CoreSentinelPool):
            return None
        if self.forced_host is None or not self.is_primary:
            return config
        return config.at(Location(self.forced_host, config.location.port))

    def _limited(self, connection: CoreConnection, stream_timeout: Any) -> CoreConnection:
        # Each face has limits of its own: those of the time when it was made.
        if stream_timeout is not ... and connection.stream_timeout != stream_timeout:
            connection.set_timeout(stream_timeout)
        return connection

    def is_fresh(self, connection: CoreConnection, now: float) -> bool:
        """Whether a connection that rested can be lent; one that can not is closed. Blocks if it has to answer first."""
        rested, interval = now - connection.last_used, self.health_check_interval
        if not super().is_fresh(connection, now):  # type: ignore[misc]
            return False
        return not interval or rested < interval or self._answers(connection)

    def _answers(self, connection: Any) -> bool:
        if isinstance(connection, Foreign):
            return True
        pool = cast("CorePool", self)
        try:
            connection.set_timeout(pool.config.stream_timeout)
            connection.execute(Command(("PING",)), True)
        except core.InterruptedCallError:
            pool.discard(connection)
            raise
        except core.RedisError:
            pool.discard(connection)
            return False
        return True

    def connect_face(self, face: AbstractConnection) -> None:
        """Connect a face of one's own, to where the pool leads. Blocks."""
        self._reconnecting.face = face
        try:
            cast("CorePool", self).connect()
        finally:
            self._reconnecting.face = None

    def face_of(self, connection: Any) -> Any:
        """Return what redis-py's user gets for a connection that was lent."""
        if isinstance(connection, Foreign):
            return connection.face
        known = self._faces.get(connection)
        face = None if known is None else known()
        if face is None or face._core is not connection:
            face = self.make()
            face.adopt(connection)
            self._faces[connection] = weakref.ref(face)
        return face


class FacedPool(Faces, CorePool):
    """The core's pool, with faces."""


class FacedPrimaryPool(Faces, PrimaryConnectionPool):
    """The core's pool that leads to a primary, with faces."""


class FacedReplicaPool(Faces, ReplicaConnectionPool):
    """The core's pool that leads to replicas, with faces."""


class FacedSentinel(CoreSentinel[Any]):
    """The core's `Sentinel`, whose pools have faces."""

    _primary_pool = FacedPrimaryPool
    _replica_pool = FacedReplicaPool


class ConnectionPool:
    """Connections of one kind. Thread-safe.

    Args:
        connection_class: what makes a connection.
        max_connections: the most that are open at once; who wants another one gets a `MaxConnectionsError`.
        cache_factory: not supported.
        maint_notifications_config: without effect.
        **connection_kwargs: what ``connection_class`` is called with. May be changed: connections made later obey.
    """

    def __init__(
        self,
        connection_class: Any = Connection,
        max_connections: int | None = None,
        cache_factory: Any = None,
        maint_notifications_config: Any = None,
        **connection_kwargs: Any,
    ) -> None:
        if max_connections is not None and (not isinstance(max_connections, int) or max_connections < 0):
            raise ValueError('"max_connections" must be a positive integer')
        if cache_factory is not None or connection_kwargs.get("cache") or connection_kwargs.get("cache_config"):
            raise NotImplementedError("the cache of redis-py is not here; syncredis.Redis has one of its own")
        if getattr(maint_notifications_config, "enabled", False) is True:
            raise RedisError(f"Maintenance notifications are not supported with {connection_class}")
        for name in ("cache", "cache_config"):
            connection_kwargs.pop(name, None)
        self.connection_class = connection_class
        self.connection_kwargs = connection_kwargs
        self.max_connections = max_connections or 100
        self.cache = None
        #: How often `disconnect`, or `close`, was called.
        self.times_closed = 0
        self._making = threading.Lock()
        self._core: CorePool | None = None
        self._client: tuple[tuple[Any, ...], CoreRedis[Any]] | None = None
        # What was lent to those who ask for connections themselves.
        self._lent: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    @classmethod
    def from_url(cls: type[_PoolT], url: str, **kwargs: Any) -> _PoolT:
        """Return a pool for a URL: ``redis://``, ``rediss://`` or ``unix://``. What the URL says goes before ``kwargs``.

        Raises:
            ValueError: for a URL that makes no sense.
        """
        scheme, options = options_from_url(url)
        by_scheme = {"rediss": SSLConnection, "unix": UnixDomainSocketConnection}
        if scheme in by_scheme:
            kwargs.setdefault("connection_class", by_scheme[scheme])
        return cls(**{**kwargs, **options})

    def __repr__(self) -> str:
        shown = ",".join(
            f"{name}={'<REDACTED>' if name in _SECRET else value}" for name, value in self.connection_kwargs.items()
        )
        kind = self.connection_class
        return f"<{type(self).__module__}.{type(self).__name__}(<{kind.__module__}.{kind.__name__}({shown})>)>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the core's pool ---------------------------------------------------------------------------------

    @property
    def core(self) -> CorePool:
        """The core's pool, made when it is first needed: until then, all options may be changed."""
        found = self._core
        if found is None:
            with self._making:
                found = self._core = self._core or self._make_core()
        return found

    @property
    def client(self) -> CoreRedis[Any]:
        """The core's client, on the core's pool: what carries commands out."""
        options = self.connection_kwargs
        text = options.get("decode_responses", False)
        limit = options.get("socket_timeout", DEFAULT_SOCKET_TIMEOUT)
        made_with = self.core, text, limit, options.get("retry")
        if self._client is None or self._client[0] != made_with:  # options may be changed at any time
            made = CoreRedis(connection_pool=self.core, decode_responses=text, retry_policy=self.policy)
            self._client = made_with, made.with_options(stream_timeout=limit)
        return self._client[1]

    def _make_core(self) -> CorePool:
        # Where to connect, each face knows for itself; the core asks this for the encoding and for messages.
        known = {name: value for name, value in self.connection_kwargs.items() if name in _SHOWN}
        made = FacedPool(config_from(known), self._limits())
        made.make = self._maker()
        made.health_check_interval = self.connection_kwargs.get("health_check_interval") or 0
        return made

    def _maker(self) -> Callable[[], Any]:
        # Weak, so that a pool nobody has any more is collected together with its connections.
        owner = weakref.ref(self)

        def make() -> Any:
            pool = owner()
            if pool is None:
                raise core.InterruptedCallError("the pool is gone")
            return pool.make_connection()

        return make

    def _limits(self) -> PoolConfig:
        return PoolConfig(max_connections=self.max_connections, pool_timeout=0)

    @property
    def policy(self) -> RetryPolicy:
        """How clients of this pool try again."""
        return policy_of(self.connection_kwargs)

    @property
    def subscription_policy(self) -> RetryPolicy:
        """How subscriptions are made again after their connection was lost."""
        return policy_of(self.connection_kwargs, NO_RETRY)

    def exhausted(self) -> RedisError:
        """Return the error for one who got no connection."""
        return MaxConnectionsError("Too many connections")

    # --- connections for those who ask for them -------------------------------------------------------------

    def make_connection(self) -> Any:
        """Return a new connection, which is not connected yet, and does not count."""
        return self.connection_class(**self.connection_kwargs)

    def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection for the caller alone, who owes it back by `release`. Blocks where one has to be made.

        Raises:
            MaxConnectionsError: if all are in use.
            ConnectionError: if one had to be made, and that failed.
        """
        warn_of_command_name(command_name, keys, options)
        pool = self.core
        try:
            leased = self._lease(pool)
        except core.PoolTimeoutError as error:
            raise self.exhausted() from error
        except core.RedisError as error:
            raise translated(error)  # noqa: B904 - the cause is set there
        face = cast("Faces", pool).face_of(leased)
        self._lent[face] = leased
        return face

    def _lease(self, pool: CorePool) -> CoreConnection:
        try:
            return pool.lease()
        except core.RedisError as error:
            return retry(self.policy, Connecting(), pool.lease, error, pool.closed_since(pool.times_closed))

    def release(self, connection: Any) -> None:
        """Take a connection back. Never blocks."""
        leased = self._lent.pop(connection, None)
        if leased is None:
            if isinstance(connection, AbstractConnection):
                connection.disconnect()  # of another pool
            return
        is_clean = (
            leased.is_clean if isinstance(leased, Foreign) else connection._core is leased and connection.is_clean
        )
        if not is_clean:
            connection.disconnect()
            leased.close()
        self.core.return_connection(cast("CoreConnection", leased))

    def owns_connection(self, connection: Any) -> bool:
        """Whether this pool has lent it."""
        return connection in self._lent

    def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections that rest, and those in use if that is wanted. Never blocks."""
        self.times_closed += 1
        if inuse_connections:
            for connection in list(self._lent):
                connection.disconnect()
        if self._core is not None:
            reason = core.ConnectionError("the pool was disconnected while this call was in progress")
            self._core.invalidate(reason if inuse_connections else None)

    def invalidate(self) -> None:
        """Close the connections that rest; those in use when they come back. Never blocks."""
        if self._core is not None:
            self._core.invalidate()

    def reset(self) -> None:
        """Begin anew: what was changed in ``connection_kwargs`` takes effect for all."""
        with self._making:
            gone, self._core = self._core, None
        self._lent.clear()
        if gone is not None:
            gone.invalidate()

    def close(self) -> None:
        """Close all connections. Never blocks."""
        self.disconnect()

    # --- as whom they connect -----------------------------------------------------------------------------------

    def log_in(self, command: Command[Any]) -> Any:
        """Carry out an AUTH for all connections: for one at once, which answers, and for others when they are made. Blocks.

        In redis-py it is the next connection alone that authenticates. Which one a command goes out on is chosen in another
        way here, so that a user who has given up rights would have them again with the next pipeline.

        Raises:
            AuthenticationError: of the core's, if it is refused; then nothing has changed.
        """
        try:
            reply = self.client.execute(command)
        except core.AuthenticationRequiredError:  # no connection can be made without
            before = dict(self.connection_kwargs)
            self.logged_in(command)
            try:
                return self.client.execute(command)
            except BaseException:
                self.connection_kwargs.clear()
                self.connection_kwargs.update(before)
                raise
        self.logged_in(command)
        return reply

    def logged_in(self, command: Command[Any]) -> None:
        """Have connections authenticate as an AUTH did that was answered; those that rest are closed. Never blocks.

        Where a ``credential_provider`` is given, it goes on to say as whom.
        """
        if self.connection_kwargs.get("credential_provider") is None:
            *user, password = command.arguments[1:]
            self.connection_kwargs |= {"username": user[0] if user else None, "password": password}
            self.core.invalidate()

    # --- what others ask for ----------------------------------------------------------------------------------

    def get_encoder(self) -> Encoder:
        """Return what encodes and decodes for these connections."""
        options = self.connection_kwargs
        return Encoder(
            options.get("encoding", "utf-8"),
            options.get("encoding_errors", "strict"),
            options.get("decode_responses", False),
        )

    def get_protocol(self) -> Any:
        """Return the version of the protocol that was asked for; None: the best there is."""
        return self.connection_kwargs.get("protocol")

    def set_retry(self, retry: Retry) -> None:
        """Try again as ``retry`` says, from now on."""
        self.connection_kwargs["retry"] = retry
        self._client = None
        for connection in list(self._lent):
            connection.retry = blocking(retry)

    def get_connection_count(self) -> list[tuple[int, dict[str, str]]]:
        """Return how many connections rest, and how many are in use."""
        pool = self.core
        idle = len(pool._state.shelf)
        return [(idle, {"state": "idle"}), (len(pool._state.slots) - idle, {"state": "used"})]


class BlockingConnectionPool(ConnectionPool):
    """A pool whose callers wait for a connection, for at most ``timeout`` seconds (None: for ever)."""

    def __init__(
        self,
        max_connections: int = 50,
        timeout: float | None = 20,
        connection_class: Any = Connection,
        queue_class: Any = LifoQueue,
        **connection_kwargs: Any,
    ) -> None:
        self.timeout = timeout
        self.queue_class = queue_class
        super().__init__(connection_class, max_connections, **connection_kwargs)

    def _limits(self) -> PoolConfig:
        return PoolConfig(max_connections=self.max_connections, pool_timeout=self.timeout)

    def exhausted(self) -> RedisError:
        """Return the error for one who got no connection."""
        return ConnectionError("No connection available.")


class Connecting:
    """What the core's loop is told is tried again: to connect, which changes nothing."""

    name = "connecting"
    read_only = True
    runs_code = False


#: Options of connections that the core's pool is told, too.
_SHOWN: Final = frozenset({"host", "port", "path", "db", "encoding", "socket_connect_timeout", "socket_timeout"})
