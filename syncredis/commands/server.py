"""The server commands: https://redis.io/docs/latest/commands/?group=server

Those that look for what is slow or large are in `syncredis.commands.diagnostics`, those on users in
`syncredis.commands.acl`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from syncredis.command import Command
from syncredis.commands.arguments import SpanT, exclusive, flags, listed, milliseconds, required
from syncredis.commands.group import CommandGroup
from syncredis.commands.server_replies import (
    CommandInfo,
    ModuleInfo,
    ServerRole,
    ServerTime,
    to_command_docs,
    to_commands,
    to_info,
    to_keys_and_flags,
    to_module,
    to_moment,
    to_role,
    to_time,
)
from syncredis.exceptions import DataError
from syncredis.replies import list_of, to_dict, to_true
from syncredis.typing import AnyStr, EncodableT


class ServerCommands(CommandGroup[AnyStr]):
    """Commands on the server as a whole: its data on disk, settings, role, command table and modules."""

    __slots__ = ()

    # --- data: in memory and on disk ---------------------------------------------------------------

    def bgrewriteaof(self) -> bool:
        """Let the server rewrite its append-only file in the background, now or after a save in progress.

        https://redis.io/docs/latest/commands/bgrewriteaof/
        """
        return self.execute(Command(("BGREWRITEAOF",), to_true))

    def bgsave(self, schedule: bool = True, cancel: bool = False) -> bool:
        """Let the server save its data to disk in the background. A `ResponseError` if it does so already.

        Args:
            schedule: while the append-only file is being rewritten, save afterwards instead of raising an error.
            cancel: end the save in progress, and drop a scheduled one, instead. Since Valkey 8.1.

        https://redis.io/docs/latest/commands/bgsave/
        """
        return self.execute(Command(("BGSAVE", *flags(SCHEDULE=schedule and not cancel, CANCEL=cancel)), to_true))

    def dbsize(self) -> int:
        """Return the number of keys in the database.

        https://redis.io/docs/latest/commands/dbsize/
        """
        return self.execute(Command(("DBSIZE",)))

    def flushall(self, asynchronous: bool = False) -> bool:
        """Delete all keys of all databases.

        Args:
            asynchronous: free the memory in the background; without it as ``lazyfree-lazy-user-flush`` says.

        https://redis.io/docs/latest/commands/flushall/
        """
        return self.execute(Command(("FLUSHALL", *flags(ASYNC=asynchronous)), to_true))

    def flushdb(self, asynchronous: bool = False) -> bool:
        """Delete all keys of the database.

        Args:
            asynchronous: free the memory in the background; without it as ``lazyfree-lazy-user-flush`` says.

        https://redis.io/docs/latest/commands/flushdb/
        """
        return self.execute(Command(("FLUSHDB", *flags(ASYNC=asynchronous)), to_true))

    def lastsave(self) -> datetime:
        """Return when data was last saved successfully, or else when the server started: a time in UTC, in whole seconds.

        https://redis.io/docs/latest/commands/lastsave/
        """
        return self.execute(Command(("LASTSAVE",), to_moment))

    def save(self) -> bool:
        """Save all data to disk. The server serves nobody meanwhile: `bgsave` does it in the background.

        https://redis.io/docs/latest/commands/save/
        """
        return self.execute(Command(("SAVE",), to_true))

    def swapdb(self, first: int, second: int) -> bool:
        """Exchange two databases: who uses the one sees the data of the other from now on.

        https://redis.io/docs/latest/commands/swapdb/
        """
        return self.execute(Command(("SWAPDB", first, second), to_true))

    # --- settings and state ----------------------------------------------------------------------

    def config_get(self, pattern: str = "*", *args: str) -> dict[str, str]:
        """Return the settings whose names match a pattern. More than one pattern since Redis 7.0.

        https://redis.io/docs/latest/commands/config-get/
        """
        return self.execute(Command(("CONFIG", "GET", pattern, *args), to_dict, text=True))

    def config_resetstat(self) -> bool:
        """Set the counters that `info` reports back to 0.

        https://redis.io/docs/latest/commands/config-resetstat/
        """
        return self.execute(Command(("CONFIG", "RESETSTAT"), to_true))

    def config_rewrite(self) -> bool:
        """Write the settings of now to the configuration file. A `ResponseError` if the server was started without one.

        https://redis.io/docs/latest/commands/config-rewrite/
        """
        return self.execute(Command(("CONFIG", "REWRITE"), to_true))

    def config_set(self, name: str, value: EncodableT, *args: EncodableT) -> bool:
        """Change a setting, until the server restarts.

        Args:
            name: the setting.
            value: its value as in the configuration file, e.g. ``"yes"``, ``"100mb"``.
            *args: further names and values in turn, all set at once or, if one is refused, none. Since Redis 7.0.

        https://redis.io/docs/latest/commands/config-set/
        """
        if len(args) % 2:
            raise DataError("args must hold a value for each name")
        return self.execute(Command(("CONFIG", "SET", name, value, *args), to_true))

    def info(self, section: str | None = None, *args: str) -> dict[str, Any]:
        """Return what the server tells about itself: numbers as numbers, lines such as ``db0:keys=1,...`` as dictionaries.

        Args:
            section: e.g. ``"replication"``, ``"all"``, ``"everything"`` (modules as well); by default the usual ones.
            *args: further sections. Since Redis 7.0.

        https://redis.io/docs/latest/commands/info/
        """
        if section is None and args:
            raise DataError("section must be given before further ones")
        sections: tuple[str, ...] = () if section is None else (section, *args)
        return self.execute(Command(("INFO", *sections), to_info, text=True))

    def lolwut(self, *version_numbers: int) -> str:
        """Return a picture and the server's version.

        Args:
            *version_numbers: of the server whose picture is wanted, then parameters of the picture.

        https://redis.io/docs/latest/commands/lolwut/
        """
        version: tuple[EncodableT, ...] = ("VERSION", *version_numbers) if version_numbers else ()
        return self.execute(Command(("LOLWUT", *version), text=True))

    def time(self) -> ServerTime:
        """Return the server's time: seconds since 1970, and microseconds.

        https://redis.io/docs/latest/commands/time/
        """
        return self.execute(Command(("TIME",), to_time))

    # --- replication -----------------------------------------------------------------------------

    def failover(
        self,
        host: str | None = None,
        port: int | None = None,
        force: bool = False,
        timeout: SpanT | None = None,
        abort: bool = False,
    ) -> bool:
        """Begin to hand the role of primary over to a replica; return at once. For servers that no Sentinel watches.

        Clients' writes wait until it is done. `info` tells in ``master_failover_state`` how far it is.

        Args:
            host: of the replica that takes over; by default the one that is least behind.
            port: of that replica.
            force: if it has not caught up when ``timeout`` is over, hand over all the same.
            timeout: for how many milliseconds to wait for the replica; by default for ever.
            abort: give up the failover in progress instead.

        https://redis.io/docs/latest/commands/failover/
        """
        if abort:
            exclusive(abort=abort, host=host, port=port, force=force, timeout=timeout)
            return self.execute(Command(("FAILOVER", "ABORT"), to_true))
        if (host is None) != (port is None):
            raise DataError("host and port need each other")
        if force and (host is None or timeout is None):
            raise DataError("force needs host, port and timeout")
        arguments: list[EncodableT] = ["FAILOVER"]
        if host is not None and port is not None:
            arguments += ["TO", host, port, *flags(FORCE=force)]
        if timeout is not None:
            arguments += ["TIMEOUT", milliseconds(timeout)]
        return self.execute(Command(tuple(arguments), to_true))

    def replicaof(self, host: str, port: int | Literal["ONE"]) -> bool:
        """Make the server a replica of another one; its own data is lost. ``replicaof("NO", "ONE")`` makes it a primary.

        Returns at once; `role` tells how far it is. Where Sentinels watch the server they may undo it.

        https://redis.io/docs/latest/commands/replicaof/
        """
        return self.execute(Command(("REPLICAOF", host, port), to_true))

    def role(self) -> ServerRole:
        """Return what the server is: a `PrimaryRole`, a `ReplicaRole` or a `SentinelRole`.

        https://redis.io/docs/latest/commands/role/
        """
        return self.execute(Command(("ROLE",), to_role, text=True))

    # --- the command table -----------------------------------------------------------------------

    def command(self) -> dict[str, CommandInfo]:
        """Return what the server's command table says of every command, by name.

        https://redis.io/docs/latest/commands/command/
        """
        return self.execute(Command(("COMMAND",), to_commands, text=True))

    def command_count(self) -> int:
        """Return the number of commands.

        https://redis.io/docs/latest/commands/command-count/
        """
        return self.execute(Command(("COMMAND", "COUNT")))

    def command_docs(self, *args: str) -> dict[str, dict[str, Any]]:
        """Return the documentation of some commands, or of all, by name; unknown ones are left out. Since Redis 7.0.

        https://redis.io/docs/latest/commands/command-docs/
        """
        return self.execute(Command(("COMMAND", "DOCS", *args), to_command_docs, text=True))

    def command_getkeys(self, *args: EncodableT) -> list[AnyStr]:
        """Return the keys among the words of a whole command, e.g. ``command_getkeys("MGET", "a", "b")``.

        https://redis.io/docs/latest/commands/command-getkeys/
        """
        return self.execute(Command(("COMMAND", "GETKEYS", *required("args", args))))

    def command_getkeysandflags(self, *args: EncodableT) -> list[tuple[AnyStr, list[str]]]:
        """Return the keys among the words of a whole command, each with what is done to it. Since Redis 7.0.

        https://redis.io/docs/latest/commands/command-getkeysandflags/
        """
        return self.execute(Command(("COMMAND", "GETKEYSANDFLAGS", *required("args", args)), to_keys_and_flags))

    def command_info(self, *args: str) -> dict[str, CommandInfo]:
        """Return what the server's command table says of some commands, by name; unknown ones are left out.

        https://redis.io/docs/latest/commands/command-info/
        """
        return self.execute(Command(("COMMAND", "INFO", *required("args", args)), to_commands, text=True))

    def command_list(
        self, module: str | None = None, category: str | None = None, pattern: str | None = None
    ) -> list[str]:
        """Return the names of all commands, or of those of one kind. Since Redis 7.0.

        Args:
            module: those that this module brought.
            category: those of this ACL category.
            pattern: those whose name matches this pattern.

        https://redis.io/docs/latest/commands/command-list/
        """
        exclusive(module=module, category=category, pattern=pattern)
        arguments: list[EncodableT] = ["COMMAND", "LIST"]
        for kind, value in (("MODULE", module), ("ACLCAT", category), ("PATTERN", pattern)):
            if value is not None:
                arguments += ["FILTERBY", kind, value]
        return self.execute(Command(tuple(arguments), text=True))

    # --- modules ---------------------------------------------------------------------------------

    def module_list(self) -> list[ModuleInfo]:
        """Return the modules that are loaded.

        https://redis.io/docs/latest/commands/module-list/
        """
        return self.execute(Command(("MODULE", "LIST"), list_of(to_module), text=True))

    def module_load(self, path: str, *args: EncodableT) -> bool:
        """Load a module from a file on the server's machine.

        Args:
            path: the file, absolute.
            *args: what the module is given.

        https://redis.io/docs/latest/commands/module-load/
        """
        return self.execute(Command(("MODULE", "LOAD", path, *args), to_true))

    def module_loadex(
        self, path: str, options: Iterable[EncodableT] | None = None, args: Iterable[EncodableT] | None = None
    ) -> bool:
        """Load a module from a file on the server's machine, with settings. Since Redis 7.0.

        Args:
            path: the file, absolute.
            options: names and values in turn, of settings of the module.
            args: what the module is given.

        https://redis.io/docs/latest/commands/module-loadex/
        """
        settings: list[EncodableT] = listed("options", options)
        if len(settings) % 2:
            raise DataError("options must hold a value for each name")
        arguments: list[EncodableT] = ["MODULE", "LOADEX", path]
        for name, value in zip(settings[::2], settings[1::2], strict=True):
            arguments += ["CONFIG", name, value]
        given: list[EncodableT] = listed("args", args)
        if given:
            arguments += ["ARGS", *given]
        return self.execute(Command(tuple(arguments), to_true))

    def module_unload(self, name: str) -> bool:
        """Unload the module ``name``.

        https://redis.io/docs/latest/commands/module-unload/
        """
        return self.execute(Command(("MODULE", "UNLOAD", name), to_true))
