"""Every error that syncredis raises: one tree, and the table from a server's error code to its class.

Two facts about an error decide whether a call may be tried again, and every class states them:

``not_applied``
    The server has certainly not carried the command out: it was never sent, or it was refused.
``transient``
    Trying again later may help.

`ConnectionError` and `TimeoutError` also inherit from the builtin classes of the same names, so an ``except`` that was
written with either in mind matches.
"""

from __future__ import annotations

import builtins
from typing import Any


class RedisError(Exception):
    """Root of every error of this library."""

    not_applied: bool = False
    transient: bool = False


# --- The conversation with a server failed -------------------------------------------------------


class ConnectionError(RedisError, builtins.ConnectionError):
    """A connection could not be made, or broke while it was in use."""

    transient = True


class TimeoutError(ConnectionError, builtins.TimeoutError):
    """Nothing came within ``connect_timeout`` or ``stream_timeout``."""


class PoolTimeoutError(TimeoutError):
    """Every connection of the pool stayed in use for ``pool_timeout`` seconds."""

    not_applied = True
    transient = False


class InterruptedCallError(ConnectionError):
    """The call was broken off from another thread, or its client was closed meanwhile."""

    transient = False


class ProtocolError(ConnectionError):
    """The server sent something that is not RESP; the connection was closed."""

    transient = False


class OutcomeUnknownError(ConnectionError):
    """The connection broke after a command was sent: the server may have carried it out, or not.

    Raised for commands that are not safe to repeat. ``__cause__`` holds what happened to the connection.
    """

    transient = False


class OutcomeUnknownTimeoutError(OutcomeUnknownError, TimeoutError):
    """An `OutcomeUnknownError` whose cause is a `TimeoutError`."""


class SentinelError(ConnectionError):
    """The Sentinels did not lead to a usable server."""

    not_applied = True


class PrimaryNotFoundError(SentinelError):
    """No Sentinel could be reached, or none knows a primary of this service name."""

    transient = False


class ReplicaNotFoundError(SentinelError):
    """Neither a replica nor a primary could be found for this service name."""

    transient = False


class StalePrimaryError(SentinelError):
    """The server that the Sentinels named as primary says that it is none."""


class StaleReplicaError(SentinelError):
    """The server that the Sentinels named as replica says that it is none."""


# --- The caller asked for something that can not be --------------------------------------------------


class DataError(RedisError, ValueError):
    """An argument has no form in which it can be sent, or contradicts another one. Nothing was sent."""

    not_applied = True


class ConfigurationError(DataError):
    """An option is unknown, has a value that it can not have, or contradicts another one."""


class PipelineError(RedisError):
    """A pipeline was used in a way that makes no sense, e.g. a result asked for before `execute`."""

    not_applied = True


class PubSubError(RedisError):
    """A subscription was used in a way that makes no sense, e.g. a message waited for without anything subscribed to."""

    not_applied = True


class WatchError(RedisError):
    """A watched key was changed by somebody else, or the watch was lost: the transaction was not carried out."""

    not_applied = True


class UnconfirmedWriteError(RedisError):
    """A write was carried out, but not confirmed in time by as many replicas or disks as were asked for.

    Attributes:
        reply: the decoded reply to the command; of a pipeline, the list of them.
    """

    reply: Any = None


class LockError(RedisError, ValueError):
    """A lock was used in a way that makes no sense, e.g. released without having been acquired."""

    not_applied = True


class LockAcquisitionError(LockError):
    """The lock that a ``with`` block needs could not be acquired in time."""


class LockNotOwnedError(LockError):
    """The lock is no longer held by the one who acquired it: its time was over, or it was deleted."""


class DecodeError(RedisError, ValueError):
    """A reply holds bytes that are not text in the client's encoding. The connection stays usable."""


# --- The server answered with an error ----------------------------------------------------------------


class ResponseError(RedisError):
    """The server answered with an error."""

    @property
    def code(self) -> str:
        """The first word of the server's message, e.g. ``"WRONGTYPE"`` or ``"ERR"``."""
        return str(self).partition(" ")[0]


class AuthenticationError(ResponseError):
    """The server refused the user name or the password."""

    not_applied = True


class AuthenticationRequiredError(AuthenticationError):
    """The server wants a password, and none was given."""


class AuthorizationError(ResponseError):
    """The user may not run this command, or may not use this key or channel."""

    not_applied = True


class BusyError(ResponseError):
    """The server is busy with a script or function."""


class BusyGroupError(ResponseError):
    """The consumer group exists already."""


class BusyKeyError(ResponseError):
    """The target key of a RESTORE exists already."""


class ExecAbortError(ResponseError):
    """A transaction was given up because a command in it could not be queued."""

    not_applied = True


class NoScriptError(ResponseError):
    """The server does not know a script of this digest."""

    not_applied = True


class NotBusyError(ResponseError):
    """There is no script or function running that could be ended."""


class OutOfMemoryError(ResponseError):
    """The server has reached ``maxmemory`` and may not evict anything."""


class PersistenceError(ResponseError):
    """The server can not save to disk and therefore refuses writes (MISCONF)."""

    not_applied = True


class ProtocolVersionError(ResponseError):
    """The server does not speak the version of RESP that was asked for."""

    not_applied = True


class UnknownCommandError(ResponseError):
    """The server does not have this command or subcommand."""

    not_applied = True


class WrongTypeError(ResponseError):
    """The key holds a value of another type."""

    not_applied = True


class ServerStateError(ResponseError):
    """The server can not carry the command out in the state that it is in now, e.g. during a failover."""

    not_applied = True
    transient = True

    @property
    def is_the_servers(self) -> bool:
        """Whether the words are the server's own; the error of a script may begin with any code that its author likes."""
        return str(self).startswith(_WORDS_OF_SERVERS)


class ReadOnlyError(ServerStateError):
    """A write was sent to a replica."""


class BusyLoadingError(ServerStateError):
    """The server is still loading its data set."""


class PrimaryDownError(ServerStateError):
    """A replica has lost its primary and may not answer with stale data (MASTERDOWN)."""


class NoReplicasError(ServerStateError):
    """The primary has fewer good replicas than ``min-replicas-to-write`` asks for."""


class UnblockedError(ServerStateError):
    """A blocking call was ended by the server because it is no longer a primary."""


class MaxClientsError(ServerStateError):
    """The server has reached ``maxclients``."""


#: How servers begin these errors, for any command and before it does anything.
_WORDS_OF_SERVERS = (
    "READONLY You can't write against a read only",
    "LOADING Redis is loading",
    "LOADING Valkey is loading",
    "MASTERDOWN Link with MASTER is down",
    "NOREPLICAS Not enough good replicas",
)

#: From the first word of an error reply to its class.
ERRORS_BY_CODE: dict[str, type[ResponseError]] = {
    "BUSY": BusyError,
    "BUSYGROUP": BusyGroupError,
    "BUSYKEY": BusyKeyError,
    "EXECABORT": ExecAbortError,
    "LOADING": BusyLoadingError,
    "MASTERDOWN": PrimaryDownError,
    "MISCONF": PersistenceError,
    "NOAUTH": AuthenticationRequiredError,
    "NOPERM": AuthorizationError,
    "NOPROTO": ProtocolVersionError,
    "NOREPLICAS": NoReplicasError,
    "NOSCRIPT": NoScriptError,
    "NOTBUSY": NotBusyError,
    "OOM": OutOfMemoryError,
    "READONLY": ReadOnlyError,
    "UNBLOCKED": UnblockedError,
    "WRONGPASS": AuthenticationError,
    "WRONGTYPE": WrongTypeError,
}

#: Messages under the general code ERR that deserve a class, by how they begin.
_ERRORS_BY_TEXT: tuple[tuple[str, type[ResponseError]], ...] = (
    ("ERR unknown command", UnknownCommandError),
    ("ERR Unknown subcommand", UnknownCommandError),
    ("ERR unknown subcommand", UnknownCommandError),
    ("ERR max number of clients", MaxClientsError),
    ("ERR invalid password", AuthenticationError),
    ("ERR AUTH <password> called without any password", AuthenticationError),
    ("ERR Client sent AUTH, but no password is set", AuthenticationError),
)


def error_from_reply(message: str) -> ResponseError:
    """Return the error for an error reply of a server, ready to be raised."""
    code = message.partition(" ")[0]
    found = ERRORS_BY_CODE.get(code)
    if found is None and code == "ERR":
        found = next((kind for start, kind in _ERRORS_BY_TEXT if message.startswith(start)), None)
    return (found or ResponseError)(message)
