"""The string commands that set whole values, or delete them: https://redis.io/docs/latest/commands/?group=string"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import MomentT, SpanT, exclusive, expiry, flags, milliseconds, one_of, pairs, seconds
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_bool, to_true, to_true_or_none
from syncredis.typing import AnyStr, EncodableT, KeyT


class StringWriteCommands(CommandGroup[AnyStr]):
    """Commands that set string values as a whole, or delete them, some on a condition."""

    __slots__ = ()

    def delex(
        self,
        name: KeyT,
        ifeq: EncodableT | None = None,
        ifne: EncodableT | None = None,
        ifdeq: str | bytes | None = None,
        ifdne: str | bytes | None = None,
    ) -> int:
        """Delete ``name`` on a condition on its value; return how many keys were deleted, 1 or 0. Since Redis 8.4.

        Args:
            name: the key, of a string unless there is no condition.
            ifeq: only if it has this value.
            ifne: only if it has another value.
            ifdeq: only if its value has this digest, see `digest`.
            ifdne: only if its value has another digest.

        https://redis.io/docs/latest/commands/delex/
        """
        exclusive(ifeq=ifeq, ifne=ifne, ifdeq=ifdeq, ifdne=ifdne)
        condition: list[EncodableT] = _comparison(IFEQ=ifeq, IFNE=ifne, IFDEQ=ifdeq, IFDNE=ifdne)
        return self.execute(Command(("DELEX", name, *condition)))

    def delifeq(self, name: KeyT, value: EncodableT) -> int:
        """Delete ``name`` if it holds ``value``; return how many keys were deleted, 1 or 0. Since Valkey 9.0, not in Redis.

        https://valkey.io/commands/delifeq/
        """
        return self.execute(Command(("DELIFEQ", name, value)))

    def digest(self, name: KeyT) -> AnyStr | None:
        """Return the XXH3 digest of the value of ``name`` in hexadecimal digits, None if there is no such key. Since Redis 8.4.

        With it `set` and `delex` can tell whether a large value is still the same.

        https://redis.io/docs/latest/commands/digest/
        """
        return self.execute(Command(("DIGEST", name)))

    def getset(self, name: KeyT, value: EncodableT) -> AnyStr | None:
        """Set ``name`` to ``value`` and return what it was before.

        https://redis.io/docs/latest/commands/getset/
        """
        return self.execute(Command(("GETSET", name, value)))

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
        ifne: EncodableT | None = None,
        ifdeq: str | bytes | None = None,
        ifdne: str | bytes | None = None,
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
        ifne: EncodableT | None = None,
        ifdeq: str | bytes | None = None,
        ifdne: str | bytes | None = None,
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
        ifne: EncodableT | None = None,
        ifdeq: str | bytes | None = None,
        ifdne: str | bytes | None = None,
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
        ifne: EncodableT | None = None,
        ifdeq: str | bytes | None = None,
        ifdne: str | bytes | None = None,
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
            ifeq: only if the key has this value. Since Valkey 8.1 and Redis 8.4.
            ifne: only if the key does not exist, or has another value. Since Redis 8.4.
            ifdeq: only if the key's value has this digest, see `digest`. Since Redis 8.4.
            ifdne: only if the key does not exist, or its value has another digest. Since Redis 8.4.

        Returns:
            True, or None if a condition was not met; with ``get`` the value before, or None if there was none.

        https://redis.io/docs/latest/commands/set/
        """
        # The usual case, without a look at the many options that were not given.
        if ex is px is exat is pxat is ifeq is ifne is ifdeq is ifdne is None and not (nx or xx or keepttl or get):
            return self.execute(Command(("SET", name, value), to_true_or_none))
        exclusive(nx=nx, xx=xx, ifeq=ifeq, ifne=ifne, ifdeq=ifdeq, ifdne=ifdne)
        arguments: list[EncodableT] = ["SET", name, value, *flags(NX=nx, XX=xx)]
        arguments += _comparison(IFEQ=ifeq, IFNE=ifne, IFDEQ=ifdeq, IFDNE=ifdne)
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


def _comparison(**wanted: EncodableT | None) -> list[EncodableT]:
    """Return the arguments for the comparison that is not None, if there is one."""
    return [argument for name, value in wanted.items() if value is not None for argument in (name, value)]
