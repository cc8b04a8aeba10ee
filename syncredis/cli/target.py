"""Which deployment a subcommand is about, and how to connect to it: a URL, options, and passwords from the environment."""

from __future__ import annotations

import argparse
import os
from typing import Any, Final, NamedTuple

from syncredis import ConnectionPool, Redis, Sentinel
from syncredis.cli.arguments import number
from syncredis.config import Location
from syncredis.exceptions import ConfigurationError, PrimaryNotFoundError, RedisError, UnknownCommandError
from syncredis.sentinel.url import SentinelURL, is_sentinel_url, parse_sentinel_url
from syncredis.url import options_from_url

#: Environment variables; of several, the first that is set counts.
_URL: Final = ("SYNCREDIS_URL",)
_PASSWORD: Final = ("SYNCREDIS_PASSWORD", "REDISCLI_AUTH")
_SENTINEL_PASSWORD: Final = ("SYNCREDIS_SENTINEL_PASSWORD",)

#: For the epilogs of subcommands.
ENVIRONMENT: Final = """\
environment: SYNCREDIS_URL stands for URL, SYNCREDIS_PASSWORD (or REDISCLI_AUTH)
is the servers' password, SYNCREDIS_SENTINEL_PASSWORD that of the Sentinels.
"""

_SERVICE: Final = "redis+sentinel://host:26379,host:26379/service, or host:26379/service"
_ANY: Final = f"{_SERVICE}; redis://host:6379 for one server"


def add_arguments(parser: argparse.ArgumentParser, *, any_url: bool = False) -> None:
    """Declare the options.

    Args:
        parser: gets them.
        any_url: whether a URL may name one server, too.
    """
    parser.usage = "%(prog)s [options] URL"
    parser.add_argument("url", nargs="?", metavar="URL", help=_ANY if any_url else _SERVICE)
    group = parser.add_argument_group("connecting")
    add = group.add_argument
    add("--timeout", type=number(0.01, 600), metavar="S", help="seconds to connect, and to wait for an answer")
    add("--username", metavar="NAME", help="user of the servers")
    add("--sentinel-username", metavar="NAME", help="user of the Sentinels")
    add(
        "--address-map",
        action="append",
        default=[],
        metavar="A=B",
        help="connect to host:port B where a Sentinel announces host:port A; may be repeated",
    )
    add("--tls", action="store_true", help="encrypt; so does each of the following")
    add("--ca-cert", metavar="FILE", help="authorities to trust")
    add("--cert", metavar="FILE", help="certificate to show")
    add("--key", metavar="FILE", help="its key")
    add("--server-hostname", metavar="NAME", help="name in the servers' certificates")
    add("--insecure", action="store_true", help="do not check certificates")
    add("--no-sentinel-tls", action="store_true", help="speak to the Sentinels in the clear all the same")


class Service(NamedTuple):
    """A service, and the Sentinels that know it."""

    sentinel: Sentinel[str]
    name: str


def service(arguments: argparse.Namespace) -> Service:
    """Return the service that the arguments name; where they name none, the only one that the Sentinels know. May block.

    Raises:
        ConfigurationError: if the arguments make no sense, or the Sentinels know several services.
        PrimaryNotFoundError: if no Sentinel could be asked for the name.
    """
    sentinel, parsed = _sentinel(arguments, _url(arguments))
    return Service(sentinel, parsed.service_name or _only_service(sentinel))


def client(arguments: argparse.Namespace) -> Redis[str]:
    """Return a client for what the arguments name: one server, or the primary or the replicas of a service.

    Raises:
        ConfigurationError: if they make no sense.
    """
    url = _url(arguments)
    role = getattr(arguments, "role", None)
    if not is_sentinel_url(url):
        if role is not None:
            raise ConfigurationError("--role has no meaning for a URL that names no Sentinels")
        location, db, in_url = options_from_url(url)
        return Redis(*location, db, **_server_options(arguments, in_url))
    sentinel, parsed = _sentinel(arguments, url)
    name = parsed.service_name or _only_service(sentinel)
    # For a look from outside, an outage is what is to be seen, and not to be ridden through.
    if (role or parsed.role) == "replica":
        return sentinel.replica_for(name, db=parsed.db, failover_timeout=0, **parsed.replica_settings)
    return sentinel.primary_for(name, db=parsed.db, failover_timeout=0)


def _url(arguments: argparse.Namespace) -> str:
    url: str | None = arguments.url or _environment(_URL)
    if url is None:
        raise ConfigurationError("give a URL, or set SYNCREDIS_URL")
    return url if "://" in url else f"redis+sentinel://{url}"


def _sentinel(arguments: argparse.Namespace, url: str) -> tuple[Sentinel[str], SentinelURL]:
    parsed = parse_sentinel_url(url)
    settings: Any = dict(parsed.settings)
    if arguments.address_map:
        settings["address_map"] = {**settings.get("address_map", {}), **_address_map(arguments.address_map)}
    options = _server_options(arguments, parsed.options)
    sentinel: Sentinel[str] = Sentinel(
        parsed.sentinels, sentinel_kwargs=_sentinel_options(arguments, parsed), **settings, **options
    )
    return sentinel, parsed


def _server_options(arguments: argparse.Namespace, in_url: Any) -> Any:
    """Return what the environment says, before that the URL, and before that the options."""
    return {
        **_credentials(_PASSWORD, in_url),
        **in_url,
        **({} if arguments.username is None else {"username": arguments.username}),
        **_timeouts(arguments),
        **_tls(arguments),
    }


def _sentinel_options(arguments: argparse.Namespace, parsed: SentinelURL) -> Any:
    own: Any = parsed.sentinel_kwargs
    username = arguments.sentinel_username
    options = {
        **_credentials(_SENTINEL_PASSWORD, own),
        **own,
        **({} if username is None else {"username": username}),
        **_timeouts(arguments),
        **_tls(arguments),
    }
    if arguments.no_sentinel_tls:
        options = {name: value for name, value in options.items() if not name.startswith("ssl")}
    return options


def _credentials(variables: tuple[str, ...], in_url: Any) -> dict[str, Any]:
    password = _environment(variables)
    return {} if password is None or "password" in in_url else {"password": password}


def _timeouts(arguments: argparse.Namespace) -> dict[str, Any]:
    seconds = arguments.timeout
    return {} if seconds is None else {"connect_timeout": seconds, "stream_timeout": seconds}


def _tls(arguments: argparse.Namespace) -> dict[str, Any]:
    given = {
        "ssl_ca_certs": arguments.ca_cert,
        "ssl_certfile": arguments.cert,
        "ssl_keyfile": arguments.key,
        "ssl_server_hostname": arguments.server_hostname,
        "ssl_cert_reqs": "none" if arguments.insecure else None,
    }
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return {"ssl": True, **options} if arguments.tls or options else {}


def _address_map(pairs: list[str]) -> dict[tuple[str, int], tuple[str, int]]:
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for pair in pairs:
        # The same words as in a URL, and read the same way.
        query = f"redis+sentinel://_?address_map={pair.replace('%', '%25').replace('&', '%26')}"
        try:
            found.update(parse_sentinel_url(query).settings.get("address_map", {}))
        except ConfigurationError:
            raise ConfigurationError(f"--address-map {pair} must be of the form host:port=host:port") from None
    return found


def _only_service(sentinel: Sentinel[str]) -> str:
    """Return the name of the only service that the Sentinels know."""
    causes: dict[Location, RedisError] = {}
    for location in sentinel.sentinels:
        asking = Redis[str](connection_pool=ConnectionPool(sentinel._discovery.config.at(location)))
        try:
            names = sorted(asking.sentinel_masters())
        except UnknownCommandError:
            raise ConfigurationError(
                f"{location.target} is no Sentinel; ping and bench take redis://{location.target}, for one server"
            ) from None
        except RedisError as error:
            causes[location] = error
            continue
        finally:
            asking.close()
        if len(names) == 1:
            return names[0]
        known = ", ".join(names) or "none"
        raise ConfigurationError(f"the URL names no service; the Sentinel at {location.target} knows {known}")
    said = "; ".join(f"{location.target}: {error}" for location, error in causes.items())
    raise PrimaryNotFoundError(f"no Sentinel could be asked for its services ({said})")


def _environment(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)
