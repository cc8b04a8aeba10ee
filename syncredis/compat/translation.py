"""From the core's errors to redis-py's: the one place where that is done.

The two trees contradict each other (a refused password is a `ConnectionError` there and an answer of the server here), so
none of the classes can stand for both. What the core raised stays the cause of what the caller gets.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from syncredis import exceptions as core
from syncredis.compat import exceptions as shim

#: The first word of a server's message -> the class. redis-py leaves that word out of the message; all others stay in.
_BY_CODE: Final[dict[str, type[shim.RedisError]]] = {
    "ASK": shim.AskError,
    "CLUSTERDOWN": shim.ClusterDownError,
    "CROSSSLOT": shim.ClusterCrossSlotError,
    "ERR": shim.ResponseError,
    "EXECABORT": shim.ExecAbortError,
    "LOADING": shim.BusyLoadingError,
    "MASTERDOWN": shim.MasterDownError,
    "MOVED": shim.MovedError,
    "NOAUTH": shim.AuthenticationError,
    "NOPERM": shim.NoPermissionError,
    "NOSCRIPT": shim.NoScriptError,
    "OOM": shim.OutOfMemoryError,
    "READONLY": shim.ReadOnlyError,
    "TRYAGAIN": shim.TryAgainError,
    "WRONGPASS": shim.AuthenticationError,
}

#: What follows ERR, by how it begins -> the class.
_BY_TEXT: Final[tuple[tuple[str, type[shim.RedisError]], ...]] = (
    ("max number of clients reached", shim.ConnectionError),
    ("invalid password", shim.AuthenticationError),
    ("AUTH <password> called without any password", shim.AuthenticationError),
    ("Client sent AUTH, but no password is set", shim.AuthenticationError),
    ("wrong number of arguments for 'auth' command", shim.AuthenticationWrongNumberOfArgsError),
    ("wrong number of arguments for 'AUTH' command", shim.AuthenticationWrongNumberOfArgsError),
    ("Error loading the extension. Please check the server logs.", shim.ModuleError),
    ("Error unloading module: ", shim.ModuleError),
    ("problem with LDAP service", shim.ExternalAuthProviderError),
    ("no such fieldset", shim.NoSuchFieldsetError),
)

#: All other errors; the first that fits counts.
_BY_CLASS: Final[tuple[tuple[type[core.RedisError], type[shim.RedisError]], ...]] = (
    (core.PoolTimeoutError, shim.MaxConnectionsError),
    (core.TimeoutError, shim.TimeoutError),
    (core.ProtocolError, shim.InvalidResponse),
    (core.PrimaryNotFoundError, shim.MasterNotFoundError),
    (core.ReplicaNotFoundError, shim.SlaveNotFoundError),
    (core.ConnectionError, shim.ConnectionError),
    (core.DataError, shim.DataError),
    (core.WatchError, shim.WatchError),
    (core.PubSubError, shim.PubSubError),
    (core.LockNotOwnedError, shim.LockNotOwnedError),
    (core.LockError, shim.LockError),
)


#: The core's words about an argument without a form in which it can be sent.
_NO_FORM: Final = re.compile(r" is (None|True|False|of type (\w+)), which has no form")

#: The core's words about a server that could not be reached, up to where that is.
_NOT_CONNECTED: Final = re.compile(r"can not connect to (.+?): ")


def translated(error: core.RedisError) -> shim.RedisError:
    """Return redis-py's error for one of the core's; one of redis-py's as it is."""
    if isinstance(error, shim.RedisError):
        return error
    if isinstance(error, core.ResponseError):
        new = _response_error(str(error))
    elif isinstance(error, core.DecodeError):
        # redis-py lets Python's own error through.
        cause = error.__cause__
        if isinstance(cause, UnicodeDecodeError):
            raise cause
        new = shim.RedisError(str(error))
    else:
        kind = next((kind for theirs, kind in _BY_CLASS if isinstance(error, theirs)), shim.RedisError)
        new = kind("Too many connections" if kind is shim.MaxConnectionsError else _message(error))
    new.not_applied, new.transient = error.not_applied, error.transient
    new.__cause__ = error
    new.__notes__ = getattr(error, "__notes__", [])
    return new


def original(error: shim.RedisError) -> core.RedisError:
    """Return the core's error that was translated into ``error``; the error itself if it was raised as redis-py's."""
    cause = error.__cause__
    return cause if isinstance(cause, core.RedisError) else error


@contextmanager
def translating() -> Iterator[None]:
    """Within the block, what the core raises becomes redis-py's."""
    try:
        yield
    except core.RedisError as error:
        raise translated(error)  # noqa: B904 - the cause is set there


def response_error(message: str) -> shim.RedisError:
    """Return the error for an error reply of a server."""
    return _response_error(message)


def _response_error(message: str) -> shim.RedisError:
    code, _, rest = message.partition(" ")
    kind = _BY_CODE.get(code)
    if kind is None:
        return shim.ResponseError(message)
    if code == "ERR":
        kind = next((found for start, found in _BY_TEXT if rest.startswith(start)), kind)
    return kind(rest, status_code=code)


def _message(error: core.RedisError) -> str:
    message = str(error)
    if found := _NO_FORM.search(message):
        kind = "NoneType" if found[1] == "None" else "bool" if found[1] in ("True", "False") else found[2]
        return f"Invalid input of type: {kind!r}. Convert to a bytes, string, int or float first. ({message})"
    if not isinstance(error, core.ConnectionError):
        return message
    # redis-py's words, which callers look for.
    if message.endswith("closed the connection"):
        return f"Connection closed by server. ({message})"
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"{message} ({cause})"
    if (found := _NOT_CONNECTED.match(message)) and isinstance(cause, OSError):
        if isinstance(cause, TimeoutError):
            return f"Timeout connecting to server ({message})"
        number, reason = f"{cause.errno} " if cause.errno is not None else "", cause.strerror or str(cause)
        where = f"unix://{found[1]}" if found[1].startswith("/") else found[1]
        return f"Error {number}connecting to {where}. {reason}. ({message})"
    return message
