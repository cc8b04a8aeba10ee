"""When single fields of a hash expire; these belong to the hash commands: https://redis.io/docs/latest/commands/?group=hash"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    counted,
    exclusive,
    expiry,
    expiry_conditions,
    fields_and_values,
    flags,
    one_of,
    unix_milliseconds,
    unix_seconds,
)
from syncredis.commands.arguments import milliseconds as in_milliseconds
from syncredis.commands.arguments import seconds as in_seconds
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_bool
from syncredis.typing import AnyStr, EncodableT, FieldT, KeyT


class HashExpiryCommands(CommandGroup[AnyStr]):
    """Commands on the time that fields of a hash have left. A key that does not exist is an empty hash."""

    __slots__ = ()

    def hexpire(
        self,
        name: KeyT,
        seconds: SpanT,
        *fields: FieldT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire after ``seconds``; return for each what became of it. Since Redis 7.4 and Valkey 9.0.

        Args:
            name: the key of the hash.
            seconds: the time; 0 deletes the fields at once.
            *fields: the fields.
            nx: only those that do not expire so far.
            xx: only those that expire already.
            gt: only those that expire later than so far; one that does not expire counts as the latest.
            lt: only those that expire sooner than so far.

        Returns:
            For each field 1: the time is set; 2: the field was deleted, since the time is over; 0: the condition was not met;
            -2: there is no such field.

        https://redis.io/docs/latest/commands/hexpire/
        """
        when = in_seconds(seconds)
        return self.execute(
            Command(("HEXPIRE", name, when, *expiry_conditions(nx, xx, gt, lt), *counted("FIELDS", "fields", fields)))
        )

    def hexpireat(
        self,
        name: KeyT,
        unix_time_seconds: MomentT,
        *fields: FieldT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire at a Unix time in seconds; return for each what became of it, as `hexpire` does.

        The conditions are those of `hexpire`, too. Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hexpireat/
        """
        when = unix_seconds(unix_time_seconds)
        return self.execute(
            Command(("HEXPIREAT", name, when, *expiry_conditions(nx, xx, gt, lt), *counted("FIELDS", "fields", fields)))
        )

    def hexpiretime(self, key: KeyT, *fields: FieldT) -> list[int]:
        """Return when fields expire, as Unix times in seconds; -1 for one that does not, -2 if there is no such field.

        Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hexpiretime/
        """
        return self.execute(Command(("HEXPIRETIME", key, *counted("FIELDS", "fields", fields))))

    def hgetdel(self, name: KeyT, *keys: FieldT) -> list[AnyStr | None]:
        """Return the values of fields, None for each that does not exist, and delete the fields.

        Since Redis 8.0 and Valkey 9.1.

        https://redis.io/docs/latest/commands/hgetdel/
        """
        return self.execute(Command(("HGETDEL", name, *counted("FIELDS", "keys", keys))))

    def hgetex(
        self,
        name: KeyT,
        *keys: FieldT,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        persist: bool = False,
    ) -> list[AnyStr | None]:
        """Return the values of fields, None for each that does not exist, and set when they expire.

        Since Redis 8.0 and Valkey 9.0.

        Args:
            name: the key of the hash.
            *keys: the fields.
            ex: expire after this many seconds.
            px: expire after this many milliseconds.
            exat: expire at this Unix time in seconds.
            pxat: expire at this Unix time in milliseconds.
            persist: never expire.

        https://redis.io/docs/latest/commands/hgetex/
        """
        when: list[EncodableT] = expiry(ex=ex, px=px, exat=exat, pxat=pxat, persist=persist)
        return self.execute(Command(("HGETEX", name, *when, *counted("FIELDS", "keys", keys))))

    def hpersist(self, name: KeyT, *fields: FieldT) -> list[int]:
        """Let fields never expire; return for each 1, -1 if it did not expire anyway, -2 if there is no such field.

        Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hpersist/
        """
        return self.execute(Command(("HPERSIST", name, *counted("FIELDS", "fields", fields))))

    def hpexpire(
        self,
        name: KeyT,
        milliseconds: SpanT,
        *fields: FieldT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire after ``milliseconds``; return for each what became of it, as `hexpire` does.

        The conditions are those of `hexpire`, too. Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hpexpire/
        """
        when = in_milliseconds(milliseconds)
        return self.execute(
            Command(("HPEXPIRE", name, when, *expiry_conditions(nx, xx, gt, lt), *counted("FIELDS", "fields", fields)))
        )

    def hpexpireat(
        self,
        name: KeyT,
        unix_time_milliseconds: MomentT,
        *fields: FieldT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire at a Unix time in milliseconds; return for each what became of it, as `hexpire` does.

        The conditions are those of `hexpire`, too. Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hpexpireat/
        """
        when = unix_milliseconds(unix_time_milliseconds)
        return self.execute(
            Command(
                ("HPEXPIREAT", name, when, *expiry_conditions(nx, xx, gt, lt), *counted("FIELDS", "fields", fields))
            )
        )

    def hpexpiretime(self, key: KeyT, *fields: FieldT) -> list[int]:
        """Return when fields expire, as Unix times in milliseconds; -1 for one that does not, -2 if there is no such field.

        Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hpexpiretime/
        """
        return self.execute(Command(("HPEXPIRETIME", key, *counted("FIELDS", "fields", fields))))

    def hpttl(self, key: KeyT, *fields: FieldT) -> list[int]:
        """Return for how many milliseconds fields will be there; -1 for one that does not expire, -2 if there is none.

        Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/hpttl/
        """
        return self.execute(Command(("HPTTL", key, *counted("FIELDS", "fields", fields))))

    def hsetex(
        self,
        name: KeyT,
        key: FieldT | None = None,
        value: EncodableT | None = None,
        mapping: Mapping[Any, EncodableT] | None = None,
        items: Iterable[EncodableT] | None = None,
        ex: SpanT | None = None,
        px: SpanT | None = None,
        exat: MomentT | None = None,
        pxat: MomentT | None = None,
        data_persist_option: Literal["FNX", "FXX"] | None = None,
        keepttl: bool = False,
        *,
        nx: bool = False,
        xx: bool = False,
    ) -> bool:
        """Set fields, and when they expire; return whether they were set. Since Redis 8.0 and Valkey 9.0.

        Args:
            name: the key of the hash.
            key: a field.
            value: what ``key`` is set to.
            mapping: more fields with their values.
            items: more fields and values in turn.
            ex: expire after this many seconds.
            px: expire after this many milliseconds.
            exat: expire at this Unix time in seconds.
            pxat: expire at this Unix time in milliseconds.
            data_persist_option: ``"FNX"``: only if none of the fields exists; ``"FXX"``: only if all of them exist.
            keepttl: let them expire when they would have anyway.
            nx: only if the hash does not exist. Since Valkey 9.1; not in Redis.
            xx: only if the hash exists. Since Valkey 9.1; not in Redis.

        https://redis.io/docs/latest/commands/hsetex/
        """
        exclusive(nx=nx, xx=xx)
        arguments: list[EncodableT] = ["HSETEX", name, *flags(NX=nx, XX=xx)]
        if data_persist_option is not None:
            arguments.append(one_of("data_persist_option", data_persist_option, ("FNX", "FXX")))
        arguments += expiry(ex=ex, px=px, exat=exat, pxat=pxat, keepttl=keepttl)
        given: list[EncodableT] = fields_and_values(key, value, mapping, items)
        return self.execute(Command((*arguments, "FIELDS", len(given) // 2, *given), to_bool))

    def httl(self, key: KeyT, *fields: FieldT) -> list[int]:
        """Return for how many seconds fields will be there; -1 for one that does not expire, -2 if there is none.

        Since Redis 7.4 and Valkey 9.0.

        https://redis.io/docs/latest/commands/httl/
        """
        return self.execute(Command(("HTTL", key, *counted("FIELDS", "fields", fields))))
