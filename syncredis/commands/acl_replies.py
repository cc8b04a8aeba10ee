"""What the ACL commands return, and how their replies become that."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from syncredis.commands.connections_replies import to_client_info
from syncredis.replies import to_dict, to_fields, to_str
from syncredis.typing import Reply


class AclPermissions(TypedDict):
    """What a user may do, as rules in the form in which ACL SETUSER takes them."""

    commands: list[str]
    """E.g. ``"+get"``, ``"-config|set"``."""
    categories: list[str]
    """E.g. ``"+@read"``, ``"-@all"``."""
    keys: list[str]
    """E.g. ``"~cache:*"``, ``"%R~*"``."""
    channels: list[str]
    """E.g. ``"&news"``."""
    databases: NotRequired[list[str]]
    """E.g. ``"alldbs"``, ``"db=0,1"``. Since Valkey 9.1; Redis does not have it."""


class AclUser(AclPermissions):
    """A user of the server."""

    enabled: bool
    flags: list[str]
    """E.g. ``"on"``, ``"nopass"``."""
    passwords: list[str]
    """Their SHA-256 digests, in hexadecimal digits."""
    selectors: list[AclPermissions]
    """Further permissions, each of which is enough by itself. Since Redis 7.0."""


AclLogEntry = TypedDict(
    "AclLogEntry",
    {
        "count": int,  # how often it happened within a minute
        "reason": str,  # "command", "key", "channel" or "auth", and in Valkey also "database"
        "context": str,  # "toplevel", "multi", "lua" or "module"
        "object": str,  # the command, key or channel
        "username": str,
        "age-seconds": float,
        "client-info": dict[str, str],  # see `client_info`
        # Since Redis 7.2, times in milliseconds since 1970:
        "entry-id": NotRequired[int],
        "timestamp-created": NotRequired[int],
        "timestamp-last-updated": NotRequired[int],
    },
)


def to_acl_user(reply: Reply) -> AclUser | None:
    """The reply of ACL GETUSER."""
    if reply is None:
        return None
    user = to_dict(reply)
    return AclUser(
        enabled="on" in user["flags"],
        flags=list(user["flags"]),
        passwords=list(user["passwords"]),
        selectors=[_to_permissions(to_dict(selector)) for selector in user.get("selectors", ())],
        **_to_permissions(user),
    )


def _to_permissions(reply: dict[str, Any]) -> AclPermissions:
    rules = reply["commands"].split()
    permissions = AclPermissions(
        commands=[rule for rule in rules if "@" not in rule],
        categories=[rule for rule in rules if "@" in rule],
        keys=_patterns("~", reply["keys"]),
        channels=_patterns("&", reply["channels"]),
    )
    if "databases" in reply:
        permissions["databases"] = reply["databases"].split()
    return permissions


def _patterns(sign: str, reply: str | list[str]) -> list[str]:
    """The patterns with their signs, which Redis 6.2 leaves out in its list of them."""
    return reply.split() if isinstance(reply, str) else [sign + pattern for pattern in reply]


def to_acl_log(reply: Reply) -> list[AclLogEntry]:
    """The reply of ACL LOG, read as bytes, for keys and user names may be anything."""
    return [_to_log_entry(to_fields(entry)) for entry in reply]


def _to_log_entry(reply: dict[str, Any]) -> AclLogEntry:
    entry: Any = {name: to_str(value) if isinstance(value, bytes) else value for name, value in reply.items()}
    entry["age-seconds"] = float(entry["age-seconds"])
    entry["client-info"] = to_client_info(entry["client-info"])
    found: AclLogEntry = entry
    return found
