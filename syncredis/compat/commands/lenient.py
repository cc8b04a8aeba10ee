"""Methods that take from redis-py's callers what the core does not: numbers and words in other forms, or left to the server.

And the other way round: what redis-py refuses by itself, and the core leaves to the server.
"""

# pyright: reportIncompatibleMethodOverride=false
# The signatures are redis-py's.

from __future__ import annotations

from typing import Any, Final

from syncredis.command import Command
from syncredis.commands import Commands, Recorder
from syncredis.commands.stream_replies import to_claimed_entries
from syncredis.compat.commands.helpers import list_or_args
from syncredis.compat.deprecation import warn_of_name
from syncredis.compat.exceptions import DataError
from syncredis.compat.requests import EMPTY_RESPONSE

_record: Final[Any] = Recorder()

_KINDS: Final = ("normal", "master", "replica", "slave", "pubsub")

#: Method -> how the core's refusal begins where redis-py lets the server refuse.
LEFT_TO_THE_SERVER: Final = {
    "bitcount": "mode must be",
    "bitpos": "mode must be",
    "blmpop": "direction must be",
    "bzmpop": "min or max",
    "command_list": "category and",
    "function_flush": "mode must be",
    "lmpop": "direction must be",
    "xadd": "limit needs",
    "xtrim": "limit needs",
}


#: Methods whose last parameter takes any number of values, of which redis-py lets the server say that there is none.
VARIADIC: Final = {
    "delete": "DEL",
    **{
        name: name.upper()
        for name in (
            "exists",
            "hdel",
            "lpush",
            "lpushx",
            "pfadd",
            "rpush",
            "rpushx",
            "sadd",
            "srem",
            "touch",
            "unlink",
            "zrem",
        )
    },
}


def _word(given: Any) -> Any:
    """A word in any form in which text can be given."""
    return bytes(given).decode("latin-1") if isinstance(given, (bytes, bytearray, memoryview)) else given


def _require_count(name: str, value: Any, least: int = 1) -> None:
    if value is not None and (not isinstance(value, int) or value < least):
        raise DataError(f"{name} must be an integer from {least} on")


class LenientCommands(Commands[Any]):
    """Overrides of the core's methods."""

    __slots__ = ()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out a command."""
        raise NotImplementedError

    # --- keys and strings ---------------------------------------------------------------------------------

    def mget(self, keys: Any, *args: Any) -> Any:
        """Return several values; see `syncredis.Redis.mget`. Without a key: none."""
        names = list_or_args(keys, args)
        if names:
            return self.execute(_record.mget(names))
        return self.execute_command("MGET", **{EMPTY_RESPONSE: []})

    def set(self, name: Any, value: Any, ex: Any = None, px: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Set a value; see `syncredis.Redis.set`. Times may be text.

        Raises:
            DataError: for times that are no whole numbers.
        """
        ex, px = _whole("ex", ex), _whole("px", px)
        return self.execute(_record.set(name, value, ex, px, *args, **kwargs))

    def setbit(self, name: Any, offset: int, value: Any) -> Any:
        """Set a bit; see `syncredis.Redis.setbit`. It may be a bool."""
        return self.execute_command("SETBIT", name, offset, int(bool(value)))

    def bitcount(self, key: Any, start: int | None = None, end: int | None = None, mode: str | None = None) -> Any:
        """Count the bits that are 1; see `syncredis.Redis.bitcount`.

        Raises:
            DataError: for one end without the other.
        """
        if (start is None) != (end is None):
            raise DataError("Both start and end must be specified")
        return self.execute(_record.bitcount(key, start, end, mode))

    def lcs(
        self, key1: Any, key2: Any, len: bool | None = False, idx: bool | None = False, *args: Any, **kwargs: Any
    ) -> Any:
        """Return what two strings have in common; see `syncredis.Redis.lcs`."""
        if len and idx:  # the server says that it will not have both
            return self.execute_command("LCS", key1, key2, "LEN", "IDX")
        return self.execute(_record.lcs(key1, key2, bool(len), bool(idx), *args, **kwargs))

    def setex(self, name: Any, time: Any, value: Any) -> Any:
        """`set` with ``ex``, by its old name."""
        warn_of_name("setex", "Use 'set' instead.", "2.6.12")
        return self.execute(_record.setex(name, time, value))

    def hmset(self, name: Any, mapping: Any) -> Any:
        """`hset` with a mapping, by its old name."""
        warn_of_name("hmset", "Use 'hset' instead.", "4.0.0")
        return self.execute(_record.hmset(name, mapping))

    def sort(
        self,
        name: Any,
        start: int | None = None,
        num: int | None = None,
        by: Any = None,
        get: Any = None,
        desc: bool = False,
        alpha: bool = False,
        store: Any = None,
        groups: bool | None = False,
    ) -> Any:
        """Sort; see `syncredis.Redis.sort`.

        Raises:
            DataError: for ``groups`` of less than two elements.
        """
        if groups and (not get or isinstance(get, (bytes, str)) or len(get) < 2):
            raise DataError('when using "groups" the "get" argument must be specified and contain at least two keys')
        return self.execute(_record.sort(name, start, num, by, get, desc, alpha, store, bool(groups)))

    # --- lists and sorted sets -----------------------------------------------------------------------------

    def lmove(self, first_list: Any, second_list: Any, src: Any = "LEFT", dest: Any = "RIGHT") -> Any:
        """Move an element; see `syncredis.Redis.lmove`."""
        return self.execute(_record.lmove(first_list, second_list, _word(src), _word(dest)))

    def blmove(self, first_list: Any, second_list: Any, timeout: Any, src: Any = "LEFT", dest: Any = "RIGHT") -> Any:
        """Move an element, or wait for one; see `syncredis.Redis.blmove`."""
        moved = _record.blmove(first_list, second_list, timeout, _word(src), _word(dest))
        return self.execute(moved)

    def linsert(self, name: Any, where: Any, refvalue: Any, value: Any) -> Any:
        """Insert an element; see `syncredis.Redis.linsert`."""
        return self.execute(_record.linsert(name, _word(where), refvalue, value))

    def lmpop(self, num_keys: Any, *args: Any, direction: Any, count: int | None = 1) -> Any:
        """Take from the first list that is not empty; see `syncredis.Redis.lmpop`."""
        return self.execute(_record.lmpop(int(num_keys), *args, direction=_word(direction), count=count))

    def blmpop(self, timeout: Any, numkeys: Any, *args: Any, direction: Any, count: int | None = 1) -> Any:
        """The same, or wait; see `syncredis.Redis.blmpop`."""
        taken = _record.blmpop(timeout, int(numkeys), *args, direction=_word(direction), count=count)
        return self.execute(taken)

    def zmpop(
        self, num_keys: Any, keys: Any, min: bool | None = False, max: bool | None = False, count: int | None = 1
    ) -> Any:
        """Take from the first sorted set that is not empty; see `syncredis.Redis.zmpop`."""
        return self.execute(_record.zmpop(int(num_keys), keys, min=bool(min), max=bool(max), count=count))

    def bzmpop(
        self,
        timeout: Any,
        numkeys: Any,
        keys: Any,
        min: bool | None = False,
        max: bool | None = False,
        count: int | None = 1,
    ) -> Any:
        """The same, or wait; see `syncredis.Redis.bzmpop`."""
        taken = _record.bzmpop(timeout, int(numkeys), keys, min=bool(min), max=bool(max), count=count)
        return self.execute(taken)

    # --- streams --------------------------------------------------------------------------------------------

    def xautoclaim(
        self,
        name: Any,
        groupname: Any,
        consumername: Any,
        min_idle_time: Any,
        start_id: Any = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> Any:
        """Take over what was pending for long; see `syncredis.Redis.xautoclaim`.

        Raises:
            DataError: for numbers below 0.
        """
        if int(min_idle_time) < 0:
            raise DataError("XAUTOCLAIM min_idle_time must be a nonnegative integer")
        _require_count("XAUTOCLAIM count", count, 0)
        claimed = _record.xautoclaim(name, groupname, consumername, min_idle_time, start_id, count, justid)
        return self.execute(Command(claimed.arguments, _ids if justid else _claimed))

    def xpending_range(
        self,
        name: Any,
        groupname: Any,
        min: Any,
        max: Any,
        count: Any,
        consumername: Any = None,
        idle: Any = None,
    ) -> Any:
        """Return what is pending; see `syncredis.Redis.xpending_range`.

        Raises:
            DataError: where something is missing, or below 0.
        """
        if {min, max, count} == {None}:
            if idle is not None or consumername is not None:
                raise DataError(
                    "if XPENDING is provided with idle time or consumername, it must be provided with min, max and count"
                )
            return self.execute(_record.xpending(name, groupname))
        if None in (min, max, count):
            raise DataError("XPENDING must be provided with min, max and count parameters, or none of them.")
        if (idle is not None and int(idle) < 0) or int(count) < 0:
            raise DataError("XPENDING idle and count must be integers >= 0")
        return self.execute(_record.xpending_range(name, groupname, min, max, count, consumername, idle))

    def xread(self, streams: Any, count: Any = None, block: Any = None, **kwargs: Any) -> Any:
        """Read streams; see `syncredis.Redis.xread`.

        Raises:
            DataError: for numbers that can not be.
        """
        _require_limits(count, kwargs)
        return self.execute(_record.xread(streams, count, block, **kwargs))

    def xreadgroup(
        self,
        groupname: Any,
        consumername: Any,
        streams: Any,
        count: Any = None,
        block: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Read streams as a consumer of a group; see `syncredis.Redis.xreadgroup`.

        Raises:
            DataError: for numbers that can not be.
        """
        _require_limits(count, kwargs)
        return self.execute(_record.xreadgroup(groupname, consumername, streams, count, block, *args, **kwargs))

    # --- server ---------------------------------------------------------------------------------------------

    def acl_genpass(self, bits: Any = None, **kwargs: Any) -> Any:  # noqa: ARG002 - as redis-py
        """Return a password; see `syncredis.Redis.acl_genpass`.

        Raises:
            DataError: for a number of bits that is none, or not from 0 to 4096.
        """
        if bits is not None and (not str(bits).isdecimal() or int(bits) > 4096):
            raise DataError("genpass optionally accepts a bits argument, between 0 and 4096.")
        return self.execute(_record.acl_genpass(None if bits is None else int(bits)))

    def acl_help(self, **kwargs: Any) -> Any:
        """Return what ACL can do."""
        return self.execute_command("ACL HELP", **kwargs)

    def client_kill_filter(
        self,
        _id: Any = None,
        _type: Any = None,
        addr: Any = None,
        skipme: Any = None,
        laddr: Any = None,
        user: Any = None,
        maxage: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Close the connections that meet every condition; see `syncredis.Redis.client_kill_filter`.

        Raises:
            DataError: for a condition that can not be, or none at all.
        """
        words: list[Any] = []
        if _type is not None:
            if str(_type).lower() not in _KINDS:
                raise DataError(f"CLIENT KILL type must be one of {_KINDS!r}")
            words += [b"TYPE", _type]
        if skipme is not None:
            if not isinstance(skipme, bool):
                raise DataError("CLIENT KILL skipme must be a bool")
            words += [b"SKIPME", b"YES" if skipme else b"NO"]
        for word, value in ((b"ID", _id), (b"ADDR", addr), (b"LADDR", laddr), (b"USER", user), (b"MAXAGE", maxage)):
            if value is not None:
                words += [word, value]
        if not words:
            raise DataError("CLIENT KILL <filter> <value> ... must specify at least one filter")
        return self.execute_command("CLIENT KILL", *words, **kwargs)

    def client_list(self, _type: Any = None, client_id: Any = (), **kwargs: Any) -> Any:
        """Return what the server knows about its connections; see `syncredis.Redis.client_list`.

        Raises:
            DataError: for a kind that can not be, or numbers that are no list.
        """
        if _type is not None and str(_type).lower() not in _KINDS:
            raise DataError(f"CLIENT LIST _type must be one of {_KINDS!r}")
        if not isinstance(client_id, (list, tuple)):
            raise DataError("client_id must be a list")
        words: list[Any] = [] if _type is None else [b"TYPE", _type]
        if client_id:
            words += [b"ID", *client_id]
        return self.execute_command("CLIENT LIST", *words, **kwargs)

    def cluster(self, cluster_arg: str, *args: Any, **kwargs: Any) -> Any:
        """Send a CLUSTER command."""
        return self.execute_command(f"CLUSTER {cluster_arg.upper()}", *args, **kwargs)

    def shutdown(
        self,
        save: bool = False,
        nosave: bool = False,
        now: bool = False,
        force: bool = False,
        abort: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Have the server end.

        Raises:
            DataError: for ``save`` together with ``nosave``.
        """
        if save and nosave:
            raise DataError("SHUTDOWN save and nosave cannot both be set")
        given = {"SAVE": save, "NOSAVE": nosave, "NOW": now, "FORCE": force, "ABORT": abort}
        return self.execute_command("SHUTDOWN", *(word for word, wanted in given.items() if wanted), **kwargs)


def _ids(reply: Any) -> Any:
    return reply[1]


def _claimed(reply: Any) -> Any:
    start, entries, *deleted = reply
    return [start, [tuple(entry) for entry in to_claimed_entries(entries)], *deleted]


def _whole(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if not value.isdecimal():
            raise DataError(f"{name} must be datetime.timedelta or int")
        return int(value)
    if isinstance(value, float):
        raise DataError(f"{name} must be datetime.timedelta or int")
    return value


def _require_limits(count: Any, more: dict[str, Any]) -> None:
    most, size = more.get("max_count"), more.get("max_size")
    _require_count("count", count)
    _require_count("max_count", most)
    _require_count("max_size", size)
    if most is not None and count is not None and most < count:
        raise DataError("max_count must not be less than count")
