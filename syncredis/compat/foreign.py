"""`Foreign`: a connection of somebody else's make, as the core sees it.

Of somebody else's make is what is no connection of ours, and what is derived from one and overrides how it connects, sends or
receives: what was overridden has to be called.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from syncredis.command import Command
from syncredis.compat.encoder import Encoder
from syncredis.compat.exceptions import RedisError, ResponseError
from syncredis.compat.faces import AbstractConnection
from syncredis.compat.translation import original
from syncredis.compat.wire import joined_name, untext
from syncredis.config import ConnectionConfig
from syncredis.exceptions import ConnectionError

#: The methods that nothing of ours calls, unless they are overridden: the core connects, sends and receives by itself.
HOOKS: Final = (
    "connect",
    "send_command",
    "send_packed_command",
    "pack_command",
    "pack_commands",
    "read_response",
)


_OURS: Final = __name__.partition(".")[0]


def is_foreign(connection: Any) -> bool:
    """Whether a blocking connection is of somebody else's make."""
    kind = type(connection)  # of a mock, isinstance would say what it stands for
    return not issubclass(kind, AbstractConnection) or overrides(kind, HOOKS)


def overrides(kind: type, names: Sequence[str]) -> bool:
    """Whether any of these methods, which a class inherits from one of ours, is not ours any more."""
    found = (getattr(kind, name, None) for name in names)
    return any(method is not None and not is_ours(method) for method in found)


def is_ours(method: Any) -> bool:
    """Whether a method is defined in this package."""
    return str(getattr(method, "__module__", "")).partition(".")[0] == _OURS


class Foreign:
    """Lets the core keep a connection that is none of ours, and talk through it.

    To be kept, it needs ``connect`` and ``disconnect``; to be talked through, ``send_command`` and ``read_response``.

    Attributes:
        face: the connection itself.
        config, generation, in_step, last_used: as `syncredis.connection.Connection` has them.
    """

    #: It authenticates by itself, when it is connected.
    credentials_are_old = False

    #: As of `syncredis.connection.Connection`: one has to look.
    errors_came = True

    def __init__(self, face: Any, config: ConnectionConfig) -> None:
        self.face = face
        self.config = config
        self.generation = 0
        self._ended = False
        self.in_step = True
        self.last_used = time.monotonic()
        self.role = None
        self.stream_timeout: float | None = None
        self._as_text = Encoder(config.encoding, "strict", True)

    @property
    def in_step(self) -> bool:
        """Whether it may be used again; not once it was closed, or is to be, whatever a thread does that has not left yet."""
        return self._in_step and not self._ended

    @in_step.setter
    def in_step(self, value: bool) -> None:
        self._in_step = value

    def execute(self, command: Command[Any], text: bool) -> Any:
        """Send a command and return its reply; raises what `syncredis.connection.Connection.execute` raises. Blocks."""
        self.in_step = False
        try:
            self.face.send_command(*joined_name(command.arguments))
            reply = self._read(text, [command])
        except ResponseError as error:
            self.in_step = True
            raise original(error)  # noqa: B904 - the core's own, which has its cause
        except RedisError as error:
            raise original(error)  # noqa: B904 - as above
        self.in_step = True
        return reply

    def execute_many(
        self,
        commands: Sequence[Command[Any]],
        text: bool,
        deadline: float | None = None,  # noqa: ARG002 - it has limits of its own
        waits: Sequence[float] | None = None,  # noqa: ARG002 - the commands know
    ) -> list[Any]:
        """Send commands together and return their replies, errors among them; as `execute`. Blocks."""
        self.in_step = False
        arguments = [command.arguments for command in commands]
        replies: list[Any] = []
        try:
            if hasattr(self.face, "pack_commands"):
                self.face.send_packed_command(self.face.pack_commands(arguments))
            else:
                for each in arguments:
                    self.face.send_command(*joined_name(each))
            for _ in arguments:
                try:
                    replies.append(self._read(text, commands))
                except ResponseError as error:
                    replies.append(original(error))
        except RedisError as error:
            raise original(error)  # noqa: B904 - the core's own, which has its cause
        self.in_step = True
        return replies

    def _read(self, text: bool, commands: Sequence[Command[Any]]) -> Any:
        waits = [command.blocks for command in commands if command.blocks is not None]
        own_limit = getattr(self.face, "socket_timeout", None)
        limits: dict[str, Any] = {}
        if waits and own_limit is not None:  # the server may take its time
            limits["timeout"] = own_limit + max(waits) if all(waits) else None
        reply = self.face.read_response(disable_decoding=not text, **limits)
        return untext(reply, self._as_text) if text else reply

    @property
    def is_clean(self) -> bool:
        """Whether somebody else can use it, after one who has had it alone."""
        face = self.face
        if not getattr(face, "is_connected", True) or not getattr(face, "is_clean", True):
            return False
        return not (hasattr(face, "should_reconnect") and face.should_reconnect())

    def is_quiet(self) -> bool:
        """Whether it is connected, and has nothing to say."""
        try:
            return getattr(self.face, "is_connected", True) and not self.face.can_read()
        except Exception:
            return False

    def set_timeout(self, seconds: float | None) -> None:
        """Nothing: it has limits of its own."""

    def interrupt(self, reason: ConnectionError | None = None) -> None:
        """Have it closed when it comes back, and break off what it does if it can do that."""
        self._ended = True
        if isinstance(self.face, AbstractConnection) and self.face._core is not None:
            self.face._core.interrupt(reason)

    break_off = interrupt

    def close(self) -> None:
        """Close it."""
        self._ended = True
        self.face.disconnect()

    def close_in_child(self) -> None:
        """Close a forked process's copy of it."""
        self.close()


__all__ = ["HOOKS", "Foreign", "is_foreign", "is_ours", "overrides"]
