"""The ACL commands, on users and what they may do: https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/"""

from __future__ import annotations

from collections.abc import Iterable

from syncredis.command import Command
from syncredis.commands.acl_replies import AclLogEntry, AclUser, to_acl_log, to_acl_user
from syncredis.commands.arguments import flags, in_pairs, key_list, required
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.replies import to_str, to_true
from syncredis.typing import AnyStr, EncodableT


class AclCommands(CommandGroup[AnyStr]):
    """Commands on users and what they may do."""

    __slots__ = ()

    def acl_cat(self, category: str | None = None) -> list[str]:
        """Return the categories of commands, or the commands of one category.

        https://redis.io/docs/latest/commands/acl-cat/
        """
        return self.execute(Command(("ACL", "CAT", *(() if category is None else (category,))), text=True))

    def acl_deluser(self, *username: str) -> int:
        """Delete users, close their connections, and return how many of the users existed.

        https://redis.io/docs/latest/commands/acl-deluser/
        """
        return self.execute(Command(("ACL", "DELUSER", *required("username", username))))

    def acl_dryrun(self, username: str, *args: EncodableT) -> str:
        """Return ``"OK"`` if a user may run a command, or else the reason why not; the command is not run. Since Redis 7.0.

        Args:
            username: the user.
            *args: the words of the command.

        https://redis.io/docs/latest/commands/acl-dryrun/
        """
        return self.execute(Command(("ACL", "DRYRUN", username, *required("args", args)), to_str, text=False))

    def acl_genpass(self, bits: int | None = None) -> str:
        """Return a new random password in hexadecimal digits.

        Args:
            bits: how many bits, 1 to 4096, are random; by default 256. Rounded up to whole digits.

        https://redis.io/docs/latest/commands/acl-genpass/
        """
        return self.execute(Command(("ACL", "GENPASS", *(() if bits is None else (bits,))), text=True))

    def acl_getuser(self, username: str) -> AclUser | None:
        """Return what a user may do, None if there is no such user.

        https://redis.io/docs/latest/commands/acl-getuser/
        """
        return self.execute(Command(("ACL", "GETUSER", username), to_acl_user, text=True))

    def acl_help(self) -> list[str]:
        """Return lines that explain the ACL commands.

        https://redis.io/docs/latest/commands/acl-help/
        """
        return self.execute(Command(("ACL", "HELP"), text=True))

    def acl_list(self) -> list[str]:
        """Return all users, each as a line of the configuration file.

        https://redis.io/docs/latest/commands/acl-list/
        """
        return self.execute(Command(("ACL", "LIST"), text=True))

    def acl_load(self) -> bool:
        """Let the server read its users from its ACL file again. A `ResponseError` if it has none, or finds a mistake in it.

        https://redis.io/docs/latest/commands/acl-load/
        """
        return self.execute(Command(("ACL", "LOAD"), to_true))

    def acl_log(self, count: int | None = None) -> list[AclLogEntry]:
        """Return what was refused of late, the newest first.

        Args:
            count: at most so many; by default 10, of the 128 (``acllog-max-len``) that are kept.

        https://redis.io/docs/latest/commands/acl-log/
        """
        return self.execute(Command(("ACL", "LOG", *(() if count is None else (count,))), to_acl_log, text=False))

    def acl_log_reset(self) -> bool:
        """Empty the log of what was refused.

        https://redis.io/docs/latest/commands/acl-log/
        """
        return self.execute(Command(("ACL", "LOG", "RESET"), to_true))

    def acl_save(self) -> bool:
        """Let the server write its users to its ACL file. A `ResponseError` if it has none.

        https://redis.io/docs/latest/commands/acl-save/
        """
        return self.execute(Command(("ACL", "SAVE"), to_true))

    def acl_setuser(
        self,
        username: str,
        enabled: bool = False,
        nopass: bool = False,
        passwords: str | Iterable[str] | None = None,
        hashed_passwords: str | Iterable[str] | None = None,
        categories: str | Iterable[str] | None = None,
        commands: str | Iterable[str] | None = None,
        keys: str | bytes | Iterable[str | bytes] | None = None,
        channels: str | bytes | Iterable[str | bytes] | None = None,
        selectors: Iterable[tuple[str, str | bytes]] | None = None,
        reset: bool = False,
        reset_keys: bool = False,
        reset_channels: bool = False,
        reset_passwords: bool = False,
    ) -> bool:
        """Create a user, or change one: what is given is added to what the user may do already.

        What begins with ``+`` is allowed or added, what begins with ``-`` is forbidden or taken away.

        Args:
            username: the user.
            enabled: whether the user may log in. Mind the default: a change without it disables the user.
            nopass: let any password do.
            passwords: e.g. ``"+secret"``.
            hashed_passwords: SHA-256 digests of passwords in hexadecimal digits, e.g. ``"+2bb80d5..."``.
            categories: of commands, e.g. ``"+read"`` or ``"+@read"``.
            commands: e.g. ``"+get"``, ``"-config|set"``.
            keys: patterns of keys, e.g. ``"cache:*"``; ``"%R~cache:*"`` and ``"%W~cache:*"`` for reading and writing only
                (since Redis 7.0).
            channels: patterns of channels.
            selectors: further permissions, each a pair of command and key, e.g. ``("+get", "cache:*")``. Since Redis 7.0.
            reset: begin with a user who may do nothing.
            reset_keys: begin with no keys.
            reset_channels: begin with no channels.
            reset_passwords: begin with no passwords, and without ``nopass``.

        https://redis.io/docs/latest/commands/acl-setuser/
        """
        if nopass and (passwords is not None or hashed_passwords is not None):
            raise DataError("nopass and passwords exclude each other")
        rules: list[EncodableT] = [
            *flags(reset=reset, resetkeys=reset_keys, resetchannels=reset_channels, resetpass=reset_passwords),
            "on" if enabled else "off",
            *_signed("passwords", passwords, "><"),
            *_signed("hashed_passwords", hashed_passwords, "#!"),
            *flags(nopass=nopass),
            *_signed("categories", categories, "+-", "@"),
            *_signed("commands", commands, "+-"),
            *_patterns("keys", keys, ("~", "%")),
            *_patterns("channels", channels, ("&",)),
            *(_selector(command, key) for command, key in in_pairs("selectors", selectors)),
        ]
        return self.execute(Command(("ACL", "SETUSER", username, *rules), to_true))

    def acl_users(self) -> list[str]:
        """Return the names of all users.

        https://redis.io/docs/latest/commands/acl-users/
        """
        return self.execute(Command(("ACL", "USERS"), text=True))

    def acl_whoami(self) -> str:
        """Return the name of the user as whom the call runs.

        https://redis.io/docs/latest/commands/acl-whoami/
        """
        return self.execute(Command(("ACL", "WHOAMI"), text=True))


def _signed(name: str, values: str | Iterable[str] | None, signs: str, prefix: str = "") -> list[EncodableT]:
    """Return rules for values that begin with + or -, which become the first and the second of ``signs``."""
    rules: list[EncodableT] = []
    for value in () if values is None else key_list(name, values):
        sign, rest = str(value)[:1], str(value)[1:]
        if not rest or sign not in "+-":
            # The value itself may be a secret.
            raise DataError(f"each of {name} must begin with + or -")
        rules.append(signs["+-".index(sign)] + prefix + rest.removeprefix(prefix))
    return rules


def _patterns(
    name: str, patterns: str | bytes | Iterable[str | bytes] | None, signs: tuple[str, ...]
) -> list[EncodableT]:
    """Return rules for patterns; those that begin with none of ``signs`` get the first one."""
    return [] if patterns is None else [_pattern(name, pattern, signs) for pattern in key_list(name, patterns)]


def _pattern(name: str, pattern: EncodableT, signs: tuple[str, ...]) -> str | bytes:
    if isinstance(pattern, bytes):
        return pattern if pattern.startswith(tuple(map(str.encode, signs))) else signs[0].encode() + pattern
    if not isinstance(pattern, str):
        raise DataError(f"{name} must be text or bytes, not {pattern!r}")
    return pattern if pattern.startswith(signs) else signs[0] + pattern


def _selector(command: str, key: str | bytes) -> str | bytes:
    if command[:1] not in ("+", "-"):
        raise DataError("each of selectors must begin with + or -")
    pattern = _pattern("selectors", key, ("~", "%"))
    return b"(%b %b)" % (command.encode(), pattern) if isinstance(pattern, bytes) else f"({command} {pattern})"
