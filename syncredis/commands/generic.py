"""The generic commands, those on keys of any type: https://redis.io/docs/latest/commands/?group=generic

Those about expiry are in `syncredis.commands.key_expiry`, SORT is in `syncredis.commands.sorting`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    exclusive,
    flags,
    key_list,
    milliseconds,
    one_of,
    required,
    scan_options,
    seconds,
    unix_milliseconds,
    wait_milliseconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.replies import to_bool, to_true
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply

_INFO_TYPES = ("ENCODING", "FREQ", "IDLETIME", "REFCOUNT")


class KeyScan(NamedTuple, Generic[AnyStr]):
    """What one call of `scan` brings."""

    cursor: int
    """Where to go on with the next call; 0: this was the last part."""
    keys: list[AnyStr]
    """Some of the keys; there may be none, and one may come more than once."""


class GenericCommands(CommandGroup[AnyStr]):
    """Commands on keys, whatever they hold."""

    __slots__ = ()

    def copy(self, source: KeyT, destination: KeyT, destination_db: int | None = None, replace: bool = False) -> bool:
        """Copy the value of ``source``, with its expiry, to ``destination``; return whether it was copied.

        Args:
            source: the key to copy from.
            destination: the key to copy to.
            destination_db: the database of ``destination``; by default the same.
            replace: overwrite ``destination`` if it exists; without it nothing is copied then.

        https://redis.io/docs/latest/commands/copy/
        """
        arguments: list[EncodableT] = ["COPY", source, destination]
        if destination_db is not None:
            arguments += ["DB", destination_db]
        return self.execute(Command((*arguments, *flags(REPLACE=replace)), to_bool))

    def delete(self, *names: KeyT) -> int:
        """Delete keys and return how many of them existed.

        https://redis.io/docs/latest/commands/del/
        """
        return self.execute(Command(("DEL", *required("names", names))))

    def dump(self, name: KeyT) -> bytes | None:
        """Return the value of ``name`` in the server's own format, for `restore`; None if there is no such key.

        https://redis.io/docs/latest/commands/dump/
        """
        return self.execute(Command(("DUMP", name), text=False))

    def exists(self, *names: KeyT) -> int:
        """Return how many of the keys exist; one that is named twice counts twice.

        https://redis.io/docs/latest/commands/exists/
        """
        return self.execute(Command(("EXISTS", *required("names", names))))

    def keys(self, pattern: str | bytes = "*") -> list[AnyStr]:
        """Return all keys that match ``pattern``. The server does nothing else meanwhile: `scan` suits large databases.

        https://redis.io/docs/latest/commands/keys/
        """
        return self.execute(Command(("KEYS", pattern)))

    def migrate(
        self,
        host: str,
        port: int,
        keys: KeyT | Iterable[KeyT],
        destination_db: int,
        timeout: SpanT,
        copy: bool = False,
        replace: bool = False,
        auth: str | None = None,
        *,
        username: str | None = None,
    ) -> bool:
        """Let the server move keys to another server, and return False if none of them exists.

        Neither server does anything else meanwhile. The call lasts until all is transferred.

        Args:
            host: of the other server, as this server sees it.
            port: of the other server.
            keys: one or several.
            destination_db: the database there.
            timeout: for how many milliseconds the transfer may stand still; 0 means one second.
            copy: leave the keys here as well.
            replace: overwrite keys that exist there; without it the server answers with an error then.
            auth: the password there.
            username: the user whose password ``auth`` is.

        https://redis.io/docs/latest/commands/migrate/
        """
        if username is not None and auth is None:
            raise DataError("username needs auth")
        limit = wait_milliseconds("timeout", timeout)
        arguments: list[EncodableT] = ["MIGRATE", host, port, "", destination_db, limit]
        arguments += flags(COPY=copy, REPLACE=replace)
        if auth is not None:
            arguments += ["AUTH", auth] if username is None else ["AUTH2", username, auth]
        arguments += ["KEYS", *key_list("keys", keys)]
        return self.execute(
            Command(tuple(arguments), _to_migrated, text=True, blocks=limit / 1000 if limit > 0 else 1.0)
        )

    def move(self, name: KeyT, db: int) -> bool:
        """Move ``name`` to the database ``db``; return False if it does not exist here, or exists there.

        https://redis.io/docs/latest/commands/move/
        """
        return self.execute(Command(("MOVE", name, db), to_bool))

    def object(self, infotype: str, key: KeyT) -> AnyStr | int | None:
        """Return what the server knows about the value of ``key``, None if there is no such key.

        Args:
            infotype: ``"ENCODING"``, ``"FREQ"``, ``"IDLETIME"`` or ``"REFCOUNT"``, in upper or lower case: see
                `object_encoding`, `object_freq`, `object_idletime` and `object_refcount`.
            key: the key.

        https://redis.io/docs/latest/commands/object/
        """
        return self.execute(Command(("OBJECT", one_of("infotype", infotype, _INFO_TYPES), key)))

    def object_encoding(self, key: KeyT) -> AnyStr | None:
        """Return how the value of ``key`` is kept in memory, e.g. ``"listpack"``; None if there is no such key.

        https://redis.io/docs/latest/commands/object-encoding/
        """
        return self.execute(Command(("OBJECT", "ENCODING", key)))

    def object_freq(self, key: KeyT) -> int | None:
        """Return how often ``key`` is used, on a logarithmic scale from 0 to 255; None if there is no such key.

        Works only while ``maxmemory-policy`` is an LFU policy.

        https://redis.io/docs/latest/commands/object-freq/
        """
        return self.execute(Command(("OBJECT", "FREQ", key)))

    def object_idletime(self, key: KeyT) -> int | None:
        """Return for how many seconds ``key`` has not been used; None if there is no such key.

        Does not work while ``maxmemory-policy`` is an LFU policy.

        https://redis.io/docs/latest/commands/object-idletime/
        """
        return self.execute(Command(("OBJECT", "IDLETIME", key)))

    def object_refcount(self, key: KeyT) -> int | None:
        """Return how many references the server holds to the value of ``key``; None if there is no such key.

        https://redis.io/docs/latest/commands/object-refcount/
        """
        return self.execute(Command(("OBJECT", "REFCOUNT", key)))

    def randomkey(self) -> AnyStr | None:
        """Return one of the keys at random, None if the database is empty.

        https://redis.io/docs/latest/commands/randomkey/
        """
        return self.execute(Command(("RANDOMKEY",)))

    def rename(self, src: KeyT, dst: KeyT) -> bool:
        """Rename ``src`` to ``dst``, which is overwritten if it exists. A `ResponseError` if there is no ``src``.

        https://redis.io/docs/latest/commands/rename/
        """
        return self.execute(Command(("RENAME", src, dst), to_true))

    def renamenx(self, src: KeyT, dst: KeyT) -> bool:
        """Rename ``src`` to ``dst`` unless ``dst`` exists; return whether it was renamed.

        https://redis.io/docs/latest/commands/renamenx/
        """
        return self.execute(Command(("RENAMENX", src, dst), to_bool))

    def restore(
        self,
        name: KeyT,
        ttl: SpanT | MomentT,
        value: bytes | bytearray | memoryview,
        replace: bool = False,
        absttl: bool = False,
        idletime: SpanT | None = None,
        frequency: int | None = None,
    ) -> bool:
        """Create ``name`` from what `dump` returned.

        Args:
            name: the key.
            ttl: expire after this many milliseconds; 0: never.
            value: what `dump` returned.
            replace: overwrite ``name`` if it exists; without it `BusyKeyError` is raised.
            absttl: ``ttl`` is a Unix time in milliseconds.
            idletime: for how many seconds the key counts as not used.
            frequency: how often the key counts as used, see `object_freq`.

        https://redis.io/docs/latest/commands/restore/
        """
        exclusive(idletime=idletime, frequency=frequency)
        arguments: list[EncodableT] = ["RESTORE", name, _lifetime(ttl, absttl), value]
        arguments += flags(REPLACE=replace, ABSTTL=absttl)
        if idletime is not None:
            arguments += ["IDLETIME", seconds(idletime)]
        if frequency is not None:
            arguments += ["FREQ", frequency]
        return self.execute(Command(tuple(arguments), to_true))

    def scan(
        self,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        _type: str | None = None,
    ) -> KeyScan[AnyStr]:
        """Return some keys, and the cursor with which the next call goes on.

        Args:
            cursor: 0 to begin, then what the last call returned, until that is 0.
            match: return only keys that match this glob-style pattern.
            count: about how many keys to look at in this call; 10 if not given.
            _type: return only keys of this type, as `type` names it.

        https://redis.io/docs/latest/commands/scan/
        """
        of_type: tuple[str, ...] = () if _type is None else ("TYPE", _type)
        return self.execute(Command(("SCAN", cursor, *scan_options(match, count), *of_type), _to_scan))

    def touch(self, *args: KeyT) -> int:
        """Count keys as used now, as reading them would; return how many of them exist.

        https://redis.io/docs/latest/commands/touch/
        """
        return self.execute(Command(("TOUCH", *required("args", args))))

    def type(self, name: KeyT) -> AnyStr:
        """Return the type of the value of ``name``, e.g. ``"zset"``; ``"none"`` if there is no such key.

        https://redis.io/docs/latest/commands/type/
        """
        return self.execute(Command(("TYPE", name)))

    def unlink(self, *names: KeyT) -> int:
        """Delete keys and return how many of them existed; the server frees their memory later, in the background.

        https://redis.io/docs/latest/commands/unlink/
        """
        return self.execute(Command(("UNLINK", *required("names", names))))

    def wait(self, num_replicas: int, timeout: SpanT) -> int:
        """Wait until replicas have received the writes so far, and return how many have.

        Blocks until there are ``num_replicas``, or for ``timeout`` milliseconds; 0 means for ever. What counts is what was
        written *on the same connection*: send it in one pipeline with the writes.

        https://redis.io/docs/latest/commands/wait/
        """
        limit = wait_milliseconds("timeout", timeout)
        return self.execute(Command(("WAIT", num_replicas, limit), blocks=limit / 1000))

    def waitaof(self, num_local: int, num_replicas: int, timeout: SpanT) -> list[int]:
        """Wait until the writes so far are on disk here and at replicas; return at how many: here (0 or 1), at replicas.

        Blocks until both numbers are reached, or for ``timeout`` milliseconds; 0 means for ever. What counts is what was
        written *on the same connection*, see `wait`. Since Redis 7.2.

        https://redis.io/docs/latest/commands/waitaof/
        """
        limit = wait_milliseconds("timeout", timeout)
        return self.execute(Command(("WAITAOF", num_local, num_replicas, limit), blocks=limit / 1000))


def _to_scan(reply: Reply) -> KeyScan[Any]:
    cursor, keys = reply
    return KeyScan(int(cursor), keys)


def _to_migrated(reply: Reply) -> bool:
    """``OK`` as True, ``NOKEY`` as False."""
    return bool(reply == "OK")


def _lifetime(ttl: SpanT | MomentT, absttl: bool) -> int:
    """Return RESTORE's ``ttl`` in milliseconds: a span, or with ``absttl`` a point in time."""
    if absttl:
        if isinstance(ttl, timedelta):
            raise DataError("ttl must be a point in time with absttl")
        return unix_milliseconds(ttl)
    if isinstance(ttl, datetime):
        raise DataError("ttl can be a point in time with absttl only")
    return milliseconds(ttl)
