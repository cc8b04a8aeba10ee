"""`Command`: one request as a value - its arguments, and how its reply becomes the caller's value.

Client, pipeline and facade all consume the same value; they differ only in how they carry it to a server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic

from syncredis._generated_facts import BLOCKING, QUICK, READ_ONLY
from syncredis.exceptions import DataError
from syncredis.typing import EncodableT, T_co


class BaseCommand(Generic[T_co]):
    """One request to a server, wherever its attributes are kept. Treat it as frozen: nothing may change them once it is made.

    Attributes:
        arguments: the command's name and its arguments, as they are sent.
        decode: turns the reply into the caller's value; None where the reply is that value already.
        text: whether strings in the reply are decoded to ``str`` (True), left as ``bytes`` (False), or follow the
            client's ``decode_responses`` (None).
        blocks: for how many seconds the server may hold the reply back; 0 means for ever; None: it does not.
        held_back: whether the server may hold the reply back for a time that nobody has told.
    """

    __slots__ = ()

    arguments: tuple[EncodableT, ...]
    decode: Callable[[Any], T_co] | None
    text: bool | None
    blocks: float | None
    held_back: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The command's name in upper case, with its subcommand where the server counts that as part of the name."""
        words = words_of(self.arguments)
        both = " ".join(words)
        return both if both in READ_ONLY or both in BLOCKING else "".join(words[:1])

    @property
    def read_only(self) -> bool:
        """Whether the server's command table calls it read-only: it changes nothing, so it is safe to repeat."""
        return self.name in READ_ONLY

    @property
    def is_quick(self) -> bool:
        """Whether it is read-only, and the server's command table says that it is answered at once, whatever it is about."""
        return self.name in QUICK

    @property
    def runs_code(self) -> bool:
        """Whether it runs a script or function: whatever error that ends with, some of its writes may have been made."""
        return self.name in _RUN_CODE

    def __repr__(self) -> str:
        # Only the name: arguments may be secrets (AUTH, CONFIG SET) and may be large.
        return f"<Command {self.name} with {len(self.arguments) - 1} arguments>"


class Command(BaseCommand[T_co]):
    """A request as a value: what the command methods make. See `BaseCommand` for its attributes.

    Not a frozen dataclass because one is made for every call: assignment through ``object.__setattr__`` would cost as much
    as packing the arguments.
    """

    __slots__ = ("arguments", "blocks", "decode", "text")

    def __init__(
        self,
        arguments: tuple[EncodableT, ...],
        decode: Callable[[Any], T_co] | None = None,
        text: bool | None = None,
        blocks: float | None = None,
    ) -> None:
        # All by position: to be given by name only costs each call that leaves them out a tenth of what the object costs.
        self.arguments = arguments
        self.decode = decode
        self.text = text
        self.blocks = blocks


class HeldBackCommand(Command[T_co]):
    """A blocking command as the caller wrote it."""

    __slots__ = ()

    held_back = True


def raw_command(arguments: tuple[EncodableT, ...]) -> Command[Any]:
    """Return a command as the caller wrote it, whose reply is not decoded.

    Raises:
        DataError: for one that changes the state of its connection, which is whoever leases it next's, too.
    """
    command = Command[Any](arguments)
    words = words_of(arguments)
    instead = _CHANGE_CONNECTIONS.get(" ".join(words)) or _CHANGE_CONNECTIONS.get(words[0] if words else "")
    if instead is not None and words != ["HELLO"]:
        raise DataError(f"{command.name} would change a connection that others use, too; {instead}")
    held_back = words and command.name in BLOCKING and command.name not in ABOUT_THEIR_CONNECTION
    return HeldBackCommand(arguments) if held_back else command


#: Ask about what was written before on the same connection: on another one, they would say nothing.
ABOUT_THEIR_CONNECTION = frozenset({"WAIT", "WAITAOF"})

_PUBSUB = "use pubsub()"
_TRANSACTION = "use pipeline() or transaction()"
_OPTIONS = "give it as an option of the client"
_NOT_AT_ALL = "close the client instead"

#: What changes the connection that it is sent on -> what to do instead.
_CHANGE_CONNECTIONS = {
    "AUTH": _OPTIONS,
    "CLIENT REPLY": "there is no way to go without replies",
    "CLIENT TRACKING": "use cached()",
    "DISCARD": _TRANSACTION,
    "EXEC": _TRANSACTION,
    "HELLO": _OPTIONS,
    "MONITOR": "use monitor()",
    "MULTI": _TRANSACTION,
    "PSUBSCRIBE": _PUBSUB,
    "PSYNC": "it is for replicas",
    "PUNSUBSCRIBE": _PUBSUB,
    "QUIT": _NOT_AT_ALL,
    "RESET": _NOT_AT_ALL,
    "SCRIPT DEBUG": "use the server's own command line",
    "SELECT": _OPTIONS,
    "SSUBSCRIBE": _PUBSUB,
    "SUBSCRIBE": _PUBSUB,
    "SUNSUBSCRIBE": _PUBSUB,
    "SYNC": "it is for replicas",
    "UNSUBSCRIBE": _PUBSUB,
    "UNWATCH": _TRANSACTION,
    "WATCH": _TRANSACTION,
}

_RUN_CODE = frozenset({"EVAL", "EVALSHA", "FCALL"})


def words_of(arguments: Sequence[EncodableT]) -> list[str]:
    """Return in upper case the first two arguments of a command, of which its name is one or both."""
    return [_word(argument) for argument in arguments[:2]]


def _word(argument: EncodableT) -> str:
    if isinstance(argument, str):
        return argument.upper()
    if isinstance(argument, (bytes, bytearray)):
        return bytes(argument).decode("latin-1").upper()
    return ""
