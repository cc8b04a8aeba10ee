"""The string commands: https://redis.io/docs/latest/commands/?group=string"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    exclusive,
    expiry,
    flags,
    key_list,
    milliseconds,
    one_of,
    pairs,
    seconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.commands.string_replies import LcsMatches, to_lcs_matches
from syncredis.exceptions import DataError
from syncredis.replies import to_bool, to_float, to_true, to_true_or_none
from syncredis.typing import AnyStr, EncodableT, KeyT


class StringCommands(CommandGroup[AnyStr]):
    """Commands on string values."""

    __slots__ = ()

    def append(self, key: KeyT, value: EncodableT) -> int:
        """Append ``value`` to the string at ``key`` and return its new length in bytes.

        https://redis.io/docs/latest/commands/append/
        """
        return self.execute(Command(("APPEND", key, value)))

    def decr(self, name: KeyT, amount: int = 1) -> int:
        """Subtract ``amount`` from the integer at ``name`` and return the result.

        https://redis.io/docs/latest/commands/decrby/
        """
        return self.decrby(name, amount)

    def decrby(self, name: KeyT, amount: int = 1) -> int:
        """Subtract ``amount`` from the integer at ``name`` and return the result.

        https://redis.io/docs/latest/commands/decrby/
        """
        return self.execute(Command(("DECRBY", name, amount)))

    def delifeq(self, name: KeyT, value: EncodableT) -> int:
        """Delete ``name`` if it holds ``value``; return how many keys were deleted, 1 or 0. Since Valkey 9.0, not in Redis.

        https://valkey.io/commands/delifeq/
        """
        return self.execute(Command(("DELIFEQ", name, value)))

    def get(self, name: KeyT) -> AnyStr | None:
        """Return the value of ``name``, or None if there is no such key.

        https://redis.io/docs/latest/commands/get/
        """
        return self.execute(Command(("GET", name)))

    def getdel(self, name: KeyT) -> AnyStr | None:
        """Return the value of ``name`` and delete the key. Since Redis 6.2.

        https://redis.io/docs/latest/commands/getdel/
        """
        return self.execute(Command(("GETDEL", name)))

    def getex(
        self,
        name: KeyT,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        persist: bool = False,
    ) -> AnyStr | None:
        """Return the value of ``name`` and set when it expires. Since Redis 6.2.

        Args:
            name: the key.
            ex: expire after this many seconds.
            px: expire after this many milliseconds.
            exat: expire at this Unix time in seconds.
            pxat: expire at this Unix time in milliseconds.
            persist: never expire.

        https://redis.io/docs/latest/commands/getex/
        """
        return self.execute(Command(("GETEX", name, *expiry(ex=ex, px=px, exat=exat, pxat=pxat, persist=persist))))

    def getrange(self, key: KeyT, start: int, end: int) -> AnyStr:
        """Return the bytes from ``start`` to ``end``, both included; negative positions count from the end.

        https://redis.io/docs/latest/commands/getrange/
        """
        return self.execute(Command(("GETRANGE", key, start, end)))

    def getset(self, name: KeyT, value: EncodableT) -> AnyStr | None:
        """Set ``name`` to ``value`` and return what it was before.

        https://redis.io/docs/latest/commands/getset/
        """
        return self.execute(Command(("GETSET", name, value)))

    def incr(self, name: KeyT, amount: int = 1) -> int:
        """Add ``amount`` to the integer at ``name`` and return the result.

        https://redis.io/docs/latest/commands/incrby/
        """
        return self.incrby(name, amount)

    def incrby(self, name: KeyT, amount: int = 1) -> int:
        """Add ``amount`` to the integer at ``name`` and return the result.

        https://redis.io/docs/latest/commands/incrby/
        """
        return self.execute(Command(("INCRBY", name, amount)))

    def incrbyfloat(self, name: KeyT, amount: float = 1.0) -> float:
        """Add ``amount`` to the number at ``name`` and return the result.

        https://redis.io/docs/latest/commands/incrbyfloat/
        """
        return self.execute(Command(("INCRBYFLOAT", name, amount), to_float))

    @overload
    def lcs(
        self,
        key1: KeyT,
        key2: KeyT,
        len: Literal[False] = False,
        idx: Literal[False] = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> AnyStr: ...

    @overload
    def lcs(
        self,
        key1: KeyT,
        key2: KeyT,
        len: Literal[True],
        idx: Literal[False] = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> int: ...

    @overload
    def lcs(
        self,
        key1: KeyT,
        key2: KeyT,
        len: Literal[False] = False,
        *,
        idx: Literal[True],
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> LcsMatches: ...

    @overload
    def lcs(
        self,
        key1: KeyT,
        key2: KeyT,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> AnyStr | int | LcsMatches: ...

    def lcs(
        self,
        key1: KeyT,
        key2: KeyT,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int = 0,
        withmatchlen: bool = False,
    ) -> AnyStr | int | LcsMatches:
        """Return the longest common subsequence of two strings. Since Redis 7.0.

        Args:
            key1: the key of the first string; one that does not exist is an empty string.
            key2: the key of the second string.
            len: return its length in bytes alone.
            idx: return the parts that make it up, where each string has them, and its length.
            minmatchlen: with ``idx``, leave parts out that are shorter than this, in bytes.
            withmatchlen: with ``idx``, tell the length of each part, too.

        https://redis.io/docs/latest/commands/lcs/
        """
        exclusive(len=len, idx=idx)
        arguments: list[EncodableT] = ["LCS", key1, key2, *flags(LEN=len, IDX=idx)]
        if minmatchlen:
            arguments += ["MINMATCHLEN", minmatchlen]
        arguments += flags(WITHMATCHLEN=withmatchlen)
        if idx:
            return self.execute(Command(tuple(arguments), to_lcs_matches))
        if minmatchlen or withmatchlen:
            raise DataError("minmatchlen and withmatchlen need idx")
        return self.execute(Command(tuple(arguments)))

    def mget(self, keys: KeyT | Iterable[KeyT], *args: KeyT) -> list[AnyStr | None]:
        """Return the values of several keys, None for each that does not exist.

        https://redis.io/docs/latest/commands/mget/
        """
        return self.execute(Command(("MGET", *key_list("keys", keys, args))))

    def mset(self, mapping: Mapping[Any, EncodableT]) -> bool:
        """Set each key of ``mapping`` to its value, all at once.

        https://redis.io/docs/latest/commands/mset/
        """
        return self.execute(Command(("MSET", *pairs("mapping", mapping)), to_true))

    def msetex(
        self,
        mapping: Mapping[Any, EncodableT],
        data_persist_option: Literal["NX", "XX"] | None = None,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        keepttl: bool = False,
    ) -> bool:
        """Set each key of ``mapping`` to its value, and when they expire, all at once. Since Valkey 9.1 and Redis 8.4.

        Args:
            mapping: the keys and their values.
            data_persist_option: ``"NX"``: only if none of the keys exists; ``"XX"``: only if all exist.
            ex: expire after this many seconds.
            px: expire after this many milliseconds.
            exat: expire at this Unix time in seconds.
            pxat: expire at this Unix time in milliseconds.
            keepttl: let each expire when it would have anyway.

        Returns:
            Whether they were set.

        https://redis.io/docs/latest/commands/msetex/
        """
        given: list[EncodableT] = pairs("mapping", mapping)
        arguments: list[EncodableT] = ["MSETEX", len(given) // 2, *given]
        if data_persist_option is not None:
            arguments.append(one_of("data_persist_option", data_persist_option, ("NX", "XX")))
        arguments += expiry(ex=ex, px=px, exat=exat, pxat=pxat, keepttl=keepttl)
        return self.execute(Command(tuple(arguments), to_bool))

    def msetnx(self, mapping: Mapping[Any, EncodableT]) -> bool:
        """Set each key of ``mapping`` to its value if none of them exists; return whether they were set.

        https://redis.io/docs/latest/commands/msetnx/
        """
        return self.execute(Command(("MSETNX", *pairs("mapping", mapping)), to_bool))

    def psetex(self, name: KeyT, time_ms: SpanT, value: EncodableT) -> bool:
        """Set ``name`` to ``value`` for ``time_ms`` milliseconds.

        https://redis.io/docs/latest/commands/psetex/
        """
        return self.execute(Command(("PSETEX", name, milliseconds(time_ms), value), to_true))

    @overload
    def set(
        self,
        name: KeyT,
        value: EncodableT,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: Literal[False] = False,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        ifeq: EncodableT | None = None,
    ) -> bool | None: ...

    @overload
    def set(
        self,
        name: KeyT,
        value: EncodableT,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        *,
        get: Literal[True],
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        ifeq: EncodableT | None = None,
    ) -> AnyStr | None: ...

    @overload
    def set(
        self,
        name: KeyT,
        value: EncodableT,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        ifeq: EncodableT | None = None,
    ) -> AnyStr | bool | None: ...

    def set(
        self,
        name: KeyT,
        value: EncodableT,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        ifeq: EncodableT | None = None,
    ) -> AnyStr | bool | None:
        """Set ``name`` to ``value``.

        Args:
            name: the key.
            value: what it is set to.
            ex: expire after this many seconds.
            px: expire after this many milliseconds.
            nx: only if the key does not exist.
            xx: only if the key exists.
            keepttl: let it expire when it would have anyway. Since Redis 6.0.
            get: return the value that it had. Since Redis 6.2; together with ``nx`` since 7.0.
            exat: expire at this Unix time in seconds. Since Redis 6.2.
            pxat: expire at this Unix time in milliseconds. Since Redis 6.2.
            ifeq: only if the key's value equals this. Since Valkey 8.1 and Redis 8.4.

        Returns:
            True, or None if a condition was not met; with ``get`` the value before, or None if there was none.

        https://redis.io/docs/latest/commands/set/
        """
        # The usual case, without a look at nine options that were not given.
        if ex is px is exat is pxat is ifeq is None and not (nx or xx or keepttl or get):
            return self.execute(Command(("SET", name, value), to_true_or_none))
        exclusive(nx=nx, xx=xx, ifeq=ifeq)
        arguments: list[EncodableT] = ["SET", name, value, *flags(NX=nx, XX=xx)]
        if ifeq is not None:
            arguments += ["IFEQ", ifeq]
        arguments += [*flags(GET=get), *expiry(ex=ex, px=px, exat=exat, pxat=pxat, keepttl=keepttl)]
        return self.execute(Command(tuple(arguments), None if get else to_true_or_none))

    def setex(self, name: KeyT, time: SpanT, value: EncodableT) -> bool:
        """Set ``name`` to ``value`` for ``time`` seconds.

        https://redis.io/docs/latest/commands/setex/
        """
        return self.execute(Command(("SETEX", name, seconds(time), value), to_true))

    def setnx(self, name: KeyT, value: EncodableT) -> bool:
        """Set ``name`` to ``value`` if it does not exist; return whether it was set.

        https://redis.io/docs/latest/commands/setnx/
        """
        return self.execute(Command(("SETNX", name, value), to_bool))

    def setrange(self, name: KeyT, offset: int, value: EncodableT) -> int:
        """Overwrite the string at ``name`` from byte ``offset`` on and return its new length in bytes.

        https://redis.io/docs/latest/commands/setrange/
        """
        return self.execute(Command(("SETRANGE", name, offset, value)))

    def strlen(self, name: KeyT) -> int:
        """Return the length in bytes of the string at ``name``, 0 if there is no such key.

        https://redis.io/docs/latest/commands/strlen/
        """
        return self.execute(Command(("STRLEN", name)))

    def substr(self, name: KeyT, start: int, end: int = -1) -> AnyStr:
        """Return the bytes from ``start`` to ``end``, both included: the old name of `getrange`.

        https://redis.io/docs/latest/commands/substr/
        """
        return self.execute(Command(("SUBSTR", name, start, end)))
