"""URLs that name Sentinels and a service: ``redis+sentinel://user:password@host:26379,host:26379/service/0?role=replica``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypedDict, cast, get_args
from urllib.parse import unquote

from syncredis.config import ClientOptions, ConnectionOptions, Location, unknown_option
from syncredis.exceptions import ConfigurationError
from syncredis.sentinel.replica_choice import PolicyName
from syncredis.url import ENCODE, URL_OPTIONS, query_pairs, typed_option

Role = Literal["primary", "replica"]

SENTINEL_PORT: Final = 26379

#: Scheme -> whether servers and Sentinels are spoken to encrypted.
_SCHEMES: Final = {
    "redis+sentinel": False,
    "valkey+sentinel": False,
    "rediss+sentinel": True,
    "valkeys+sentinel": True,
}
_FOR_SENTINELS: Final = "sentinel_"


class SentinelSettings(TypedDict, total=False):
    """What a URL can say about the Sentinel object itself; the keyword arguments of `syncredis.sentinel.Sentinel`."""

    min_other_sentinels: int
    failover_timeout: float
    hedge_delay: float
    strict: bool
    write_hold: float
    watch_offsets: float
    address_map: dict[tuple[str, int], tuple[str, int]]


class ReplicaSettings(TypedDict, total=False):
    """What a URL can say about the choice of replicas; see `syncredis.sentinel.Sentinel.replica_for`."""

    policy: PolicyName
    max_lag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelURL:
    """What a URL holds.

    Attributes:
        sentinels: where the Sentinels are.
        service_name: as they know it; None: the URL names none.
        db: number of the database.
        role: whether the primary or the replicas are meant; None: the URL does not say.
        options: how to connect to the servers.
        sentinel_kwargs: how to connect to the Sentinels, where that differs.
        settings: of the Sentinel object.
        replica_settings: of a client for replicas.
    """

    sentinels: tuple[Location, ...]
    service_name: str | None
    db: int
    role: Role | None
    options: ClientOptions = field(repr=False)
    sentinel_kwargs: ConnectionOptions = field(repr=False)
    settings: SentinelSettings
    replica_settings: ReplicaSettings

    def require_service_name(self) -> str:
        """Return the service name.

        Raises:
            ConfigurationError: if the URL names none.
        """
        if self.service_name is None:
            raise ConfigurationError("the URL names no service: redis+sentinel://host:26379/service_name")
        return self.service_name


def is_sentinel_url(url: str) -> bool:
    """Return whether a URL's scheme says that it names Sentinels."""
    return url.partition("://")[0].lower() in _SCHEMES


def parse_sentinel_url(url: str) -> SentinelURL:
    """Return what a URL holds that names Sentinels.

    ``redis+sentinel://[[user]:password@]host[:port][,host[:port]...][/service_name[/db]][?option=value&...]``;
    ``rediss+sentinel://`` for TLS to servers and Sentinels; ``valkey+sentinel://`` and ``valkeys+sentinel://`` mean the same.
    An IPv6 address stands in brackets. User and password are the servers'. Options are

    - those of `ClientOptions`: ``stream_timeout=2``. What concerns TLS holds for the Sentinels, too;
    - those of `ConnectionOptions` with ``sentinel_`` before them, for the Sentinels: ``sentinel_username``,
      ``sentinel_password``, ``sentinel_ssl=false``, ``sentinel_ssl_ca_certs``, ...;
    - ``role=replica``, and for replicas ``policy=lowest-latency``, ``max_lag=100000``;
    - ``min_other_sentinels``, ``failover_timeout``, ``hedge_delay``, ``strict=true``, ``write_hold``, ``watch_offsets``;
    - ``address_map=172.17.0.2:6379=localhost:7001``, once for each address.

    Raises:
        ConfigurationError: if the URL is not of this form. The message never holds a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise ConfigurationError(f"a URL that names Sentinels begins with one of {known}")
    rest, mark, _ = rest.partition("#")
    if mark:
        raise ConfigurationError(f"not a valid URL: it has a part after '#'; {ENCODE}")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    who, _, where = authority.rpartition("@")
    service_name, db = _service(path)
    found = _Query(encrypted=_SCHEMES[scheme.lower()], db=db, options=_credentials(who))
    for name, text in query_pairs(query):
        found.read(name, text)
    return SentinelURL(
        sentinels=tuple(_location(part, SENTINEL_PORT) for part in where.split(",")),
        service_name=service_name,
        db=found.db,
        role=found.role,
        options=cast("ClientOptions", found.options),
        sentinel_kwargs=cast("ConnectionOptions", found.for_sentinels()),
        settings=found.settings,
        replica_settings=found.replica_settings,
    )


class _Query:
    """What the options of a URL come to."""

    def __init__(self, *, encrypted: bool, db: int, options: dict[str, Any]) -> None:
        self.options = options
        if encrypted:
            self.options["ssl"] = True
        self.db = db
        self.role: Role | None = None
        self.settings: SentinelSettings = {}
        self.replica_settings: ReplicaSettings = {}
        self._own: dict[str, Any] = {}

    def read(self, name: str, text: str) -> None:
        if name == "db":
            self.db = typed_option(name, text)
        elif name in URL_OPTIONS:
            self.options[name] = typed_option(name, text)
        elif name == "role":
            if text not in get_args(Role):
                raise ConfigurationError(f"role={text!r} in the URL must be primary or replica")
            self.role = cast("Role", text)
        elif name == "min_other_sentinels":
            self.settings["min_other_sentinels"] = typed_option(name, text)
        elif name == "failover_timeout":
            self.settings["failover_timeout"] = typed_option(name, text)
        elif name == "hedge_delay":
            self.settings["hedge_delay"] = typed_option(name, text)
        elif name == "strict":
            self.settings["strict"] = typed_option(name, text)
        elif name == "write_hold":
            self.settings["write_hold"] = typed_option(name, text)
        elif name == "watch_offsets":
            self.settings["watch_offsets"] = typed_option(name, text)
        elif name == "policy":
            if text not in get_args(PolicyName):
                raise ConfigurationError(f"policy={text!r} in the URL must be one of {', '.join(get_args(PolicyName))}")
            self.replica_settings["policy"] = cast("PolicyName", text)
        elif name == "max_lag":
            self.replica_settings["max_lag"] = typed_option(name, text)
        elif name == "address_map":
            announced, equals, real = text.partition("=")
            if not equals:
                raise ConfigurationError(f"address_map={text!r} in the URL must be of the form host:port=host:port")
            self.settings.setdefault("address_map", {})[_location(announced, None)] = _location(real, None)
        else:
            self._read_for_sentinels(name, text)

    def for_sentinels(self) -> dict[str, Any]:
        """What is said for them, and what concerns TLS, unless they do without."""
        shared = {name: value for name, value in self.options.items() if name.startswith("ssl")}
        encrypted = self._own.get("ssl", shared.get("ssl", False))
        return {**(shared if encrypted else {}), **self._own}

    def _read_for_sentinels(self, name: str, text: str) -> None:
        own = name.removeprefix(_FOR_SENTINELS)
        if own == name or own not in _SENTINEL_OPTIONS:
            raise ConfigurationError(unknown_option(name))
        self._own[own] = typed_option(own, text)


_SENTINEL_OPTIONS: Final = frozenset(ConnectionOptions.__annotations__) - {
    "credential_provider",
    "ssl_context",
    "unix_socket_path",
}


def _credentials(text: str) -> dict[str, Any]:
    user, _, password = text.partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in given.items() if value}


def _service(path: str) -> tuple[str | None, int]:
    name, _, db = path.strip("/").partition("/")
    if db and not db.isdecimal():  # not repeated: it may be a part of the password
        raise ConfigurationError(f"the path of the URL must be /service_name or /service_name/db; {ENCODE}")
    return unquote(name) or None, int(db or 0)


def _location(text: str, default_port: int | None) -> Location:
    """Read ``host:port``, ``[address]:port``, and without a port where there is a default."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        fine = bracket != "" and (rest == "" or rest.startswith(":"))
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
        fine = ":" not in port  # else an IPv6 address without brackets
    number = int(port) if port.isdecimal() and port.isascii() else (default_port if port == "" else None)
    if not fine or not host or number is None or not 0 < number < 65536:
        # Not repeated: it may be a part of the password.
        raise ConfigurationError(f"not a valid URL: a host or a port can not be read; {ENCODE}")
    return Location(unquote(host), number)
