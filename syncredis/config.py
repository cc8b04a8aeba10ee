"""Where a server is and how to talk to it, as frozen values; made from keyword arguments.

`syncredis.url` makes the same keyword arguments from a URL.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypedDict, Unpack

from syncredis.credentials import CredentialProvider
from syncredis.exceptions import ConfigurationError

if TYPE_CHECKING:
    import ssl as ssl_module  # imported at run time where it is needed: it takes a fifth of the time that syncredis takes


class Location(NamedTuple):
    """Host and port of a server. Equal to the plain tuple ``(host, port)``, and printed as one."""

    host: str
    port: int

    def __repr__(self) -> str:
        return f"({self.host!r}, {self.port!r})"

    @property
    def target(self) -> str:
        """``host:port``, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_NEAR: Final = Location("localhost", 6379)
_LARGEST_REPLY: Final = 1024**3


class ConnectionOptions(TypedDict, total=False):
    """The keyword arguments that say how to connect, wherever a client or pool is made.

    Times are in seconds; ``None`` means no limit.
    """

    username: str | None
    password: str | None
    credential_provider: CredentialProvider | None
    client_name: str | None
    protocol: Literal[2, 3]
    connect_timeout: float | None
    stream_timeout: float | None
    keepalive: bool
    encoding: str
    max_reply_size: int | None
    unix_socket_path: str | None
    ssl: bool
    ssl_context: ssl_module.SSLContext | None
    ssl_certfile: str | None
    ssl_keyfile: str | None
    ssl_keyfile_password: str | None
    ssl_ca_certs: str | None
    ssl_cert_reqs: Literal["required", "none"]
    ssl_check_hostname: bool
    ssl_server_hostname: str | None


class PoolOptions(TypedDict, total=False):
    """The keyword arguments that say how many connections to keep. Times are in seconds."""

    max_connections: int
    pool_timeout: float | None
    max_idle_connections: int | None
    max_idle_time: float | None


class ClientOptions(ConnectionOptions, PoolOptions, total=False):
    """`ConnectionOptions` and `PoolOptions` together: what clients pass on to their pools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSConfig:
    """How to encrypt.

    Attributes:
        context: verifies the server, and holds the client's certificate.
        server_hostname: the name that is sent as SNI and that the certificate must carry; None: the host connected to.
    """

    context: ssl_module.SSLContext
    server_hostname: str | None = None

    def __post_init__(self) -> None:
        name = self.server_hostname
        fine = name is None or (isinstance(name, str) and name != "" and not name.startswith("."))
        _require(fine, "ssl_server_hostname", name, "the name of a host")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    """Everything that one connection needs to know. Derive variants with `dataclasses.replace` or `at`.

    Attributes:
        location: host and port of the server; unused where ``unix_socket_path`` is given.
        unix_socket_path: path of the server's Unix socket.
        db: number of the database that is selected.
        username: ACL user; None: the default user.
        password: password of the user; None: no authentication.
        credential_provider: is asked for user and password, in place of the two; see `syncredis.credentials`.
        client_name: shown by ``CLIENT LIST``.
        protocol: version of RESP; with 3, servers that only speak 2 are spoken to in 2.
        connect_timeout: seconds for name resolution aside, connecting, encryption and handshake; None: no limit.
        stream_timeout: seconds that sending or one reply may stand still; None: no limit.
        keepalive: whether TCP keep-alive probes are sent on idle connections.
        encoding: of text, sent and received.
        max_reply_size: the most bytes that one reply may have; beyond that the connection is closed. It protects from a
            server that never ends what it says. None: no limit.
        tls: how to encrypt; None: not at all.
    """

    location: Location = _NEAR
    unix_socket_path: str | None = None
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    credential_provider: CredentialProvider | None = field(default=None, hash=False)  # it need not have a hash
    client_name: str | None = None
    protocol: Literal[2, 3] = 3
    connect_timeout: float | None = 5.0
    stream_timeout: float | None = 30.0
    keepalive: bool = True
    encoding: str = "utf-8"
    max_reply_size: int | None = _LARGEST_REPLY
    tls: TLSConfig | None = None

    def __post_init__(self) -> None:
        # A configuration is made for each client, and for each server that Sentinels name: what is as nearly always costs one
        # look here, and not a call of a function.
        _require_location(*self.location)
        path = self.unix_socket_path
        if path is not None:
            _require(isinstance(path, str) and path != "", "unix_socket_path", path, "a path, as text")
        if self.db != 0 or type(self.db) is not int:
            _require(_is_number(self.db) and self.db >= 0, "db", self.db, "a number from 0 on")
        _require(self.protocol in (2, 3), "protocol", self.protocol, "2 or 3")
        _require_seconds("connect_timeout", self.connect_timeout)
        _require_seconds("stream_timeout", self.stream_timeout)
        if self.client_name is not None:
            _require(isinstance(self.client_name, str), "client_name", self.client_name, "text")
        if not (self.username is None and self.password is None and self.credential_provider is None):
            self._require_one_source_of_credentials()
        if self.encoding != "utf-8":
            _require_encoding(self.encoding)
        limit = self.max_reply_size
        if limit != _LARGEST_REPLY:
            _require(limit is None or (_is_number(limit) and limit >= 1024), "max_reply_size", limit, "at least 1024")

    @property
    def target(self) -> str:
        """Where this leads, for people: ``host:port`` or the path of the socket."""
        return self.unix_socket_path or self.location.target

    def with_credentials(self) -> ConnectionConfig:
        """Return the same configuration with the current credentials of its provider, if it has one. May block."""
        if self.credential_provider is None:
            return self
        username, password = self.credential_provider.get_credentials()
        return replace(self, username=username, password=password, credential_provider=None)

    def _require_one_source_of_credentials(self) -> None:
        username, password, provider = self.username, self.password, self.credential_provider
        _require(username is None or isinstance(username, str), "username", username, "text")
        if not (password is None or isinstance(password, str)):
            raise ConfigurationError("password must be text")  # without its value: it may be a secret all the same
        if username is not None and password is None:
            # Without its value: `redis://secret@host` makes a user name of what was meant as a password.
            raise ConfigurationError("username must be given together with a password")
        kind = "a syncredis.credentials.CredentialProvider"
        _require(provider is None or isinstance(provider, CredentialProvider), "credential_provider", provider, kind)
        if provider is not None and password is not None:
            raise ConfigurationError("credential_provider contradicts username and password")

    def at(self, location: Location) -> ConnectionConfig:
        """Return the same configuration for another server."""
        _require_location(*location)
        there = object.__new__(type(self))
        for name in _FIELDS:  # `replace` would look once more at all the others, and takes twice as long
            object.__setattr__(there, name, getattr(self, name))
        object.__setattr__(there, "location", location)
        object.__setattr__(there, "unix_socket_path", None)
        return there


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolConfig:
    """How many connections a pool keeps, and for how long.

    Attributes:
        max_connections: the most that are open at once, those in use included.
        pool_timeout: seconds that a caller waits for a connection when all are in use; None: no limit.
        max_idle_connections: the most that are kept while nobody uses them; None: no limit of their own.
        max_idle_time: seconds after which an unused connection is closed; None: never.
    """

    max_connections: int = 100
    pool_timeout: float | None = 20.0
    max_idle_connections: int | None = None
    max_idle_time: float | None = None

    def __post_init__(self) -> None:
        most = self.max_connections
        _require(_is_number(most) and most >= 1, "max_connections", most, "at least 1")
        _require_seconds("pool_timeout", self.pool_timeout, zero_allowed=True)
        _require_seconds("max_idle_time", self.max_idle_time)
        idle = self.max_idle_connections
        _require(idle is None or (_is_number(idle) and idle >= 0), "max_idle_connections", idle, "at least 0")


_FIELDS: Final = tuple(f.name for f in fields(ConnectionConfig))
_POOL_NAMES = frozenset(f.name for f in fields(PoolConfig))
_PLAIN_NAMES = frozenset(_FIELDS) - {"location", "db", "tls"}
_TLS_NAMES = frozenset(name for name in ConnectionOptions.__annotations__ if name.startswith("ssl"))

#: The names of all options, as `ClientOptions` lists them for type checkers.
OPTION_NAMES = _POOL_NAMES | _PLAIN_NAMES | _TLS_NAMES


def configs_from_options(
    location: tuple[str, int], db: int = 0, **options: Unpack[ClientOptions]
) -> tuple[ConnectionConfig, PoolConfig]:
    """Return the configuration that the keyword arguments of a client describe.

    Raises:
        ConfigurationError: for an unknown option, and for a value that an option can not have. Certificate files that
            can not be read raise here, too, and not at the first connection.
    """
    if not options:
        return ConnectionConfig(location=Location(*location), db=db), _USUAL_POOL
    given: dict[str, Any] = dict(options)
    if unknown := given.keys() - OPTION_NAMES:
        raise ConfigurationError(unknown_option(min(unknown)))
    tls = _tls_from_options({name: given.pop(name) for name in _TLS_NAMES & given.keys()})
    pool = PoolConfig(**{name: given.pop(name) for name in _POOL_NAMES & given.keys()})
    return ConnectionConfig(location=Location(*location), db=db, tls=tls, **given), pool


def _tls_from_options(given: Mapping[str, Any]) -> TLSConfig | None:
    wanted = given.get("ssl", given.get("ssl_context") is not None)
    others = {name for name, value in given.items() if name != "ssl" and value is not None}
    if not wanted:
        if others:
            raise ConfigurationError(f"{min(others)} has no effect without ssl=True")
        return None
    context = given.get("ssl_context")
    if context is None:
        context = _tls_context(given)
    elif clashing := others - {"ssl_context", "ssl_server_hostname"}:
        raise ConfigurationError(f"{min(clashing)} contradicts ssl_context, which holds all of that already")
    return TLSConfig(context=context, server_hostname=given.get("ssl_server_hostname"))


def _tls_context(given: Mapping[str, Any]) -> ssl_module.SSLContext:
    import ssl as ssl_module

    requirement = given.get("ssl_cert_reqs", "required")
    _require(requirement in ("required", "none"), "ssl_cert_reqs", requirement, '"required" or "none"')
    if requirement == "none" and given.get("ssl_check_hostname"):
        raise ConfigurationError('ssl_check_hostname=True contradicts ssl_cert_reqs="none"')
    try:
        context = ssl_module.create_default_context(cafile=given.get("ssl_ca_certs"))
        if requirement == "none":
            context.check_hostname = False
            context.verify_mode = ssl_module.CERT_NONE
        elif not given.get("ssl_check_hostname", True):
            context.check_hostname = False
        if (certificate := given.get("ssl_certfile")) is not None:
            # Without any password, OpenSSL would ask for that of an encrypted key on the terminal.
            password = given.get("ssl_keyfile_password") or ""
            context.load_cert_chain(certificate, given.get("ssl_keyfile"), password)
        elif given.get("ssl_keyfile") is not None:
            raise ConfigurationError("ssl_keyfile has no effect without ssl_certfile")
    except OSError as error:  # ssl.SSLError is one, too
        names = [name for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile") if given.get(name)]
        raise ConfigurationError(f"can not load {' and '.join(names)}: {error}") from error
    return context


def unknown_option(name: str) -> str:
    """Return the message for an option that does not exist, with the name it has here if another client has it."""
    hints = {
        "socket_timeout": "stream_timeout",
        "timeout": "stream_timeout",
        "socket_connect_timeout": "connect_timeout",
        "socket_keepalive": "keepalive",
    }
    hint = f"; it is called {hints[name]} here" if name in hints else ""
    return f"there is no option {name!r}{hint}"


def _require(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise ConfigurationError(f"{name}={value!r} must be {wanted}")


def _require_location(host: str, port: int) -> None:
    if type(host) is not str or type(port) is not int or not host or not 0 < port < 65536:
        _require(isinstance(host, str) and host != "", "host", host, "a name or an address")
        _require(_is_number(port) and 0 < port < 65536, "port", port, "a number from 1 to 65535")


def _require_seconds(name: str, value: float | None, *, zero_allowed: bool = False) -> None:
    if value is None:
        return
    if type(value) not in (int, float) or not 0 < value <= threading.TIMEOUT_MAX:
        fine = (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and (0 < value <= threading.TIMEOUT_MAX or (zero_allowed and value == 0))
        )
        _require(fine, name, value, "a positive number of seconds, or None for no limit")


def _require_encoding(encoding: str) -> None:
    _require(isinstance(encoding, str), "encoding", encoding, "the name of an encoding")
    try:
        plain = "OK".encode(encoding) == b"OK"
    except (LookupError, ValueError):
        raise ConfigurationError(f"encoding={encoding!r} is not known to Python") from None
    # Commands and what the server says about itself are ASCII, whatever the values are.
    _require(plain, "encoding", encoding, "an encoding that contains ASCII")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: One for all who say nothing of pools: it is frozen.
_USUAL_POOL: Final = PoolConfig()
