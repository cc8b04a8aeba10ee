"""The connection commands: https://redis.io/docs/latest/commands/?group=connection

A client has many connections, and a call runs on any of them. Commands that would make one connection differ from the others
in what its next caller sees have no method here: AUTH, SELECT and HELLO with arguments (the client's ``username``,
``password``, ``db`` and ``protocol`` say that for all connections), RESET, QUIT, CLIENT REPLY,
CLIENT TRACKING, CLIENT CACHING, CLIENT CAPA, CLIENT IMPORT-SOURCE.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from syncredis.command import Command
from syncredis.commands.arguments import SpanT, flags, key_list, milliseconds, one_of, seconds
from syncredis.commands.connections_replies import (
    TrackingInfo,
    to_client_info,
    to_client_list,
    to_hello,
    to_tracking_info,
)
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.replies import to_bool, to_true
from syncredis.typing import AnyStr, EncodableT

#: What kinds of connections a server tells apart. A replica's connection to its primary is of the kind ``"primary"``.
ClientKindT: TypeAlias = Literal["normal", "primary", "replica", "pubsub", "master", "slave"]

# As every version knows them: "primary" came with Valkey 8.
_KINDS = {
    "NORMAL": "normal",
    "PRIMARY": "master",
    "REPLICA": "replica",
    "PUBSUB": "pubsub",
    "MASTER": "master",
    "SLAVE": "replica",
}


class MoreClientFilters(TypedDict, total=False):
    """Conditions on connections that Valkey knows since 9.0; each ``not_`` is the opposite of the one without."""

    name: str
    idle: SpanT
    flags: str
    lib_name: str
    lib_ver: str
    db: int
    capa: str
    ip: str
    not_id: int | Iterable[int]
    not_type: ClientKindT
    not_addr: str
    not_laddr: str
    not_user: str
    not_name: str
    not_flags: str
    not_lib_name: str
    not_lib_ver: str
    not_db: int
    not_capa: str
    not_ip: str


class ClientFilters(MoreClientFilters, total=False):
    """Conditions on connections that CLIENT LIST knows since Valkey 8.1, and further ones since 9.0."""

    addr: str
    skipme: bool
    laddr: str
    user: str
    maxage: SpanT


class ConnectionCommands(CommandGroup[AnyStr]):
    """Commands on connections: the one that a call happens to run on, and those of others."""

    __slots__ = ()

    # --- the connection that the call runs on --------------------------------------------------------

    def client_getname(self) -> str | None:
        """Return the name of the connection that the call runs on, None if it has none.

        https://redis.io/docs/latest/commands/client-getname/
        """
        return self.execute(Command(("CLIENT", "GETNAME"), text=True))

    def client_getredir(self) -> int:
        """Return which connection is told about changed keys in place of the one that the call runs on.

        0: it is told itself; -1: none is.

        https://redis.io/docs/latest/commands/client-getredir/
        """
        return self.execute(Command(("CLIENT", "GETREDIR")))

    def client_id(self) -> int:
        """Return the number of the connection that the call runs on. The server gives each connection another, ever larger one.

        https://redis.io/docs/latest/commands/client-id/
        """
        return self.execute(Command(("CLIENT", "ID")))

    def client_info(self) -> dict[str, str]:
        """Return what the server knows about the connection that the call runs on.

        https://redis.io/docs/latest/commands/client-info/
        """
        return self.execute(Command(("CLIENT", "INFO"), to_client_info, text=True))

    def client_no_evict(self, mode: Literal["ON", "OFF"]) -> bool:
        """Exempt the connection that the call runs on, and no other, from being closed to save memory. Since Redis 7.0.

        https://redis.io/docs/latest/commands/client-no-evict/
        """
        return self.execute(Command(("CLIENT", "NO-EVICT", one_of("mode", mode, ("ON", "OFF"))), to_true))

    def client_no_touch(self, mode: Literal["ON", "OFF"]) -> bool:
        """Let commands on the connection that the call runs on, and no other, not count as use of their keys. Since Redis 7.2.

        https://redis.io/docs/latest/commands/client-no-touch/
        """
        return self.execute(Command(("CLIENT", "NO-TOUCH", one_of("mode", mode, ("ON", "OFF"))), to_true))

    def client_setinfo(self, attr: Literal["LIB-NAME", "LIB-VER"], value: str) -> bool:
        """Say what library uses the connection that the call runs on, and no other. Since Redis 7.2.

        Every connection of a client says so by itself when it is made.

        https://redis.io/docs/latest/commands/client-setinfo/
        """
        return self.execute(Command(("CLIENT", "SETINFO", attr, value), to_true))

    def client_setname(self, name: str) -> bool:
        """Name the connection that the call runs on, and no other. The client's ``client_name`` names all of them.

        https://redis.io/docs/latest/commands/client-setname/
        """
        return self.execute(Command(("CLIENT", "SETNAME", name), to_true))

    def client_trackinginfo(self) -> TrackingInfo:
        """Return whether the server tells the connection that the call runs on about changed keys.

        https://redis.io/docs/latest/commands/client-trackinginfo/
        """
        return self.execute(Command(("CLIENT", "TRACKINGINFO"), to_tracking_info, text=True))

    def echo(self, value: EncodableT) -> AnyStr:
        """Return ``value``, by way of the server.

        https://redis.io/docs/latest/commands/echo/
        """
        return self.execute(Command(("ECHO", value)))

    def hello(self) -> dict[str, Any]:
        """Return what the server says of itself and of the connection that the call runs on, and change nothing.

        https://redis.io/docs/latest/commands/hello/
        """
        return self.execute(Command(("HELLO",), to_hello, text=True))

    def ping(self) -> bool:
        """Return True if the server answers; if it does not, the error says why.

        https://redis.io/docs/latest/commands/ping/
        """
        return self.execute(Command(("PING",), to_true))

    # --- connections of all clients -------------------------------------------------------------------

    def client_kill(self, address: str) -> bool:
        """Close the connection of the client at ``address``, e.g. ``"127.0.0.1:6379"``; a `ResponseError` if there is none.

        https://redis.io/docs/latest/commands/client-kill/
        """
        return self.execute(Command(("CLIENT", "KILL", address), to_true))

    def client_kill_filter(
        self,
        _id: int | str | Iterable[int | str] | None = None,
        _type: ClientKindT | None = None,
        addr: str | None = None,
        skipme: bool | None = None,
        laddr: str | None = None,
        user: str | None = None,
        maxage: SpanT | None = None,
        **filters: Unpack[MoreClientFilters],
    ) -> int:
        """Close all connections that meet every condition, and return how many there were.

        Args:
            _id: connections of these numbers. More than one since Valkey 8.1.
            _type: connections of this kind.
            addr: the connection from this address and port.
            skipme: whether to spare the connection that the call runs on; by default it is spared.
            laddr: connections to this address and port of the server.
            user: connections of this user.
            maxage: connections older than so many seconds. Since Redis 7.4 and Valkey 8.0.
            **filters: see `MoreClientFilters`. Since Valkey 9.0; Redis has none of them.

        https://redis.io/docs/latest/commands/client-kill/
        """
        conditions: list[EncodableT] = _conditions(
            id=_id, type=_type, addr=addr, skipme=skipme, laddr=laddr, user=user, maxage=maxage, **filters
        )
        if not conditions:
            raise DataError("at least one condition must be given")
        return self.execute(Command(("CLIENT", "KILL", *conditions)))

    def client_list(
        self,
        _type: ClientKindT | None = None,
        client_id: int | str | Iterable[int | str] | None = None,
        **filters: Unpack[ClientFilters],
    ) -> list[dict[str, str]]:
        """Return what the server knows about its connections, or about those that meet every condition.

        Args:
            _type: connections of this kind.
            client_id: connections of these numbers. Together with ``_type`` since Valkey 8.1.
            **filters: see `ClientFilters`. Since Valkey 8.1, most of them since 9.0; Redis has none of them.

        https://redis.io/docs/latest/commands/client-list/
        """
        conditions: list[EncodableT] = _conditions(type=_type, id=client_id, **filters)
        return self.execute(Command(("CLIENT", "LIST", *conditions), to_client_list, text=True))

    def client_pause(self, timeout: SpanT, all: bool = True) -> bool:
        """Let the server make clients wait, e.g. before it is replaced.

        Args:
            timeout: for how many milliseconds.
            all: every command waits, `client_unpause` too; otherwise those that may write.

        https://redis.io/docs/latest/commands/client-pause/
        """
        return self.execute(Command(("CLIENT", "PAUSE", milliseconds(timeout), "ALL" if all else "WRITE"), to_true))

    def client_unblock(self, client_id: int, error: bool = False) -> bool:
        """End the blocking call on another connection, and return whether there was one.

        Args:
            client_id: the number of the connection, see `client_id`.
            error: let the call raise `UnblockedError`, instead of returning as if its time was over.

        https://redis.io/docs/latest/commands/client-unblock/
        """
        return self.execute(Command(("CLIENT", "UNBLOCK", client_id, *flags(ERROR=error)), to_bool))

    def client_unpause(self) -> bool:
        """End what `client_pause` began.

        https://redis.io/docs/latest/commands/client-unpause/
        """
        return self.execute(Command(("CLIENT", "UNPAUSE"), to_true))


def _conditions(**filters: Any) -> list[EncodableT]:
    """Return the arguments for conditions on connections, without those that are None."""
    arguments: list[EncodableT] = []
    for name, value in filters.items():
        if value is None:
            continue
        arguments.append(name.upper().replace("_", "-"))
        if name in ("id", "not_id"):
            arguments += key_list(name, value)
        elif name in ("type", "not_type"):
            arguments.append(_KINDS[one_of(name, value, tuple(_KINDS))])
        elif name in ("idle", "maxage"):
            arguments.append(seconds(value))
        else:
            arguments.append(("yes" if value else "no") if name == "skipme" else value)
    return arguments
