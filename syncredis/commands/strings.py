"""The string commands: https://redis.io/docs/latest/commands/?group=string

Those that set whole values, or delete them, are in `syncredis.commands.string_writes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    exclusive,
    expiry,
    flags,
    key_list,
)
from syncredis.commands.group import CommandGroup
from syncredis.commands.string_replies import (
    Increment,
    LcsMatches,
    to_float_increment,
    to_int_increment,
    to_lcs_matches,
)
from syncredis.exceptions import DataError
from syncredis.replies import to_float
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
        return self.execute(Command(("DECRBY", name, amount)))

    def decrby(self, name: KeyT, amount: int = 1) -> int:
        """Subtract ``amount`` from the integer at ``name`` and return the result.

        https://redis.io/docs/latest/commands/decrby/
        """
        return self.execute(Command(("DECRBY", name, amount)))

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

    def incr(self, name: KeyT, amount: int = 1) -> int:
        """Add ``amount`` to the integer at ``name`` and return the result.

        https://redis.io/docs/latest/commands/incrby/
        """
        return self.execute(Command(("INCRBY", name, amount)))

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
    def increx(
        self,
        name: KeyT,
        *,
        byfloat: None = None,
        byint: int | None = None,
        lbound: int | None = None,
        ubound: int | None = None,
        saturate: bool = False,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        persist: bool = False,
        enx: bool = False,
    ) -> Increment[int]: ...

    @overload
    def increx(
        self,
        name: KeyT,
        *,
        byfloat: float,
        byint: None = None,
        lbound: float | None = None,
        ubound: float | None = None,
        saturate: bool = False,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        persist: bool = False,
        enx: bool = False,
    ) -> Increment[float]: ...

    @overload
    def increx(
        self,
        name: KeyT,
        *,
        byfloat: float | None = None,
        byint: int | None = None,
        lbound: float | None = None,
        ubound: float | None = None,
        saturate: bool = False,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        persist: bool = False,
        enx: bool = False,
    ) -> Increment[int] | Increment[float]: ...

    def increx(
        self,
        name: KeyT,
        *,
        byfloat: float | None = None,
        byint: int | None = None,
        lbound: float | None = None,
        ubound: float | None = None,
        saturate: bool = False,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        persist: bool = False,
        enx: bool = False,
    ) -> Increment[int] | Increment[float]:
        """Add to the number at ``name`` within bounds, and set when it expires; return the result. Since Redis 8.8.

        Args:
            name: the key; one that does not exist counts as 0.
            byfloat: what to add; the reply's numbers are float then.
            byint: what to add; 1 if neither is given.
            lbound: the least that the result may be.
            ubound: the most that the result may be.
            saturate: let a result beyond a bound become that bound; without it nothing is changed then, not even the expiry.
            ex: expire after this many seconds.
            px: expire after this many milliseconds.
            exat: expire at this Unix time in seconds.
            pxat: expire at this Unix time in milliseconds.
            persist: never expire.
            enx: set the expiry only if the key does not expire so far.

        https://redis.io/docs/latest/commands/increx/
        """
        exclusive(byfloat=byfloat, byint=byint)
        arguments: list[EncodableT] = ["INCREX", name]
        for word, number in (("BYFLOAT", byfloat), ("BYINT", byint), ("LBOUND", lbound), ("UBOUND", ubound)):
            if number is not None:
                arguments += [word, number]
        lifetime: list[EncodableT] = expiry(ex=ex, px=px, exat=exat, pxat=pxat, persist=persist)
        if enx and (persist or not lifetime):
            raise DataError("enx needs ex, px, exat or pxat")
        arguments += [*flags(SATURATE=saturate), *lifetime, *flags(ENX=enx)]
        if byfloat is None:
            return self.execute(Command(tuple(arguments), to_int_increment))
        return self.execute(Command(tuple(arguments), to_float_increment))

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
        if minmatchlen != 0:
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
