"""When keys expire; these belong to the generic commands: https://redis.io/docs/latest/commands/?group=generic"""

from __future__ import annotations

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    expiry_conditions,
    milliseconds,
    seconds,
    unix_milliseconds,
    unix_seconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_bool
from syncredis.typing import AnyStr, KeyT


class KeyExpiryCommands(CommandGroup[AnyStr]):
    """Commands on the time that keys have left."""

    __slots__ = ()

    def expire(
        self,
        name: KeyT,
        time: SpanT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let ``name`` expire after ``time`` seconds; return whether that was set.

        Args:
            name: the key.
            time: in seconds; if it is not positive, the key is deleted at once.
            nx: only if the key does not expire so far.
            xx: only if the key expires already.
            gt: only if it expires later than so far; a key that does not expire counts as the latest.
            lt: only if it expires sooner than so far.

        Returns:
            False if there is no such key, or if a condition (since Redis 7.0) was not met.

        https://redis.io/docs/latest/commands/expire/
        """
        return self.execute(Command(("EXPIRE", name, seconds(time), *expiry_conditions(nx, xx, gt, lt)), to_bool))

    def expireat(
        self,
        name: KeyT,
        when: MomentT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let ``name`` expire at ``when``, a Unix time in seconds; return whether that was set.

        A time in the past deletes the key at once. The conditions are those of `expire`.

        https://redis.io/docs/latest/commands/expireat/
        """
        return self.execute(
            Command(("EXPIREAT", name, unix_seconds(when), *expiry_conditions(nx, xx, gt, lt)), to_bool)
        )

    def expiretime(self, key: KeyT) -> int:
        """Return when ``key`` expires, as a Unix time in seconds; -1 if it does not, -2 if there is none. Since Redis 7.0.

        https://redis.io/docs/latest/commands/expiretime/
        """
        return self.execute(Command(("EXPIRETIME", key)))

    def persist(self, name: KeyT) -> bool:
        """Let ``name`` never expire; return False if there is no such key, or if it did not expire anyway.

        https://redis.io/docs/latest/commands/persist/
        """
        return self.execute(Command(("PERSIST", name), to_bool))

    def pexpire(
        self,
        name: KeyT,
        time: SpanT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let ``name`` expire after ``time`` milliseconds; return whether that was set.

        A time that is not positive deletes the key at once. The conditions are those of `expire`.

        https://redis.io/docs/latest/commands/pexpire/
        """
        return self.execute(Command(("PEXPIRE", name, milliseconds(time), *expiry_conditions(nx, xx, gt, lt)), to_bool))

    def pexpireat(
        self,
        name: KeyT,
        when: MomentT,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let ``name`` expire at ``when``, a Unix time in milliseconds; return whether that was set.

        A time in the past deletes the key at once. The conditions are those of `expire`.

        https://redis.io/docs/latest/commands/pexpireat/
        """
        return self.execute(
            Command(("PEXPIREAT", name, unix_milliseconds(when), *expiry_conditions(nx, xx, gt, lt)), to_bool)
        )

    def pexpiretime(self, key: KeyT) -> int:
        """Return when ``key`` expires, as a Unix time in milliseconds; -1 if it does not, -2 if there is none.

        Since Redis 7.0.

        https://redis.io/docs/latest/commands/pexpiretime/
        """
        return self.execute(Command(("PEXPIRETIME", key)))

    def pttl(self, name: KeyT) -> int:
        """Return for how many milliseconds ``name`` will be there; -1 if it does not expire, -2 if there is no such key.

        https://redis.io/docs/latest/commands/pttl/
        """
        return self.execute(Command(("PTTL", name)))

    def ttl(self, name: KeyT) -> int:
        """Return for how many seconds ``name`` will be there; -1 if it does not expire, -2 if there is no such key.

        https://redis.io/docs/latest/commands/ttl/
        """
        return self.execute(Command(("TTL", name)))
