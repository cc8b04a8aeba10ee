"""`Script`: a script that a server runs by its digest, and is handed in full when it does not know it.

https://redis.io/docs/latest/develop/programmability/eval-intro/
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Generic, overload

from syncredis.command import Command
from syncredis.commands import Commands, Recorder
from syncredis.exceptions import DataError, NoScriptError
from syncredis.pipeline_queue import PipelineCommandGroup, PipelineResult
from syncredis.typing import AnyStr, EncodableT, KeyT


class Script(Generic[AnyStr]):
    """A script, ready to be called. Made by `syncredis.Redis.register_script`; thread-safe.

    A client sends the digest alone. A server that does not know it - it was restarted, or became primary a moment ago - says
    so without having done anything, and gets the whole script, in one request: no other server can come in between.

    In a pipeline, the whole script is sent with every call. By the time that a server could say that it does not know a
    digest, it has carried out the other commands, and nothing known from before excludes that: it may have been restarted,
    told to forget its scripts, or have made room for newer ones.

    Attributes:
        client: what carries the script out where a call does not say otherwise.
        script: the text, as it is sent.
        sha: its digest.
        read_only: whether it may not write.
    """

    __slots__ = ("client", "read_only", "script", "sha")

    def __init__(self, client: Commands[AnyStr], script: bytes, *, read_only: bool = False) -> None:
        self.client: Commands[AnyStr] = client
        self.script = script
        self.sha = hashlib.sha1(script, usedforsecurity=False).hexdigest()
        self.read_only = read_only

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sha}{', read-only' if self.read_only else ''}>"

    @overload
    def __call__(
        self, keys: Iterable[KeyT] = (), args: Iterable[EncodableT] = (), *, client: PipelineCommandGroup[Any]
    ) -> PipelineResult[Any]: ...

    @overload
    def __call__(
        self, keys: Iterable[KeyT] = (), args: Iterable[EncodableT] = (), client: Commands[Any] | None = None
    ) -> Any: ...

    def __call__(
        self,
        keys: Iterable[KeyT] = (),
        args: Iterable[EncodableT] = (),
        client: Commands[Any] | PipelineCommandGroup[Any] | None = None,
    ) -> Any:
        """Run the script and return its result, as `syncredis.Redis.eval` does. Blocks.

        Args:
            keys: ``KEYS`` in the script.
            args: ``ARGV`` in the script.
            client: what carries it out, in place of the client that it was registered with: another one; the commands
                that `Pipeline.watch` returned; a pipeline, which queues it and returns a `PipelineResult`.
        """
        operands = operands_of(keys, args)
        if client is None:
            client = self.client
        if isinstance(client, PipelineCommandGroup):
            return client.queue(self.in_full(operands))
        if isinstance(client, Recorder):
            return client.execute(self.in_full(operands))
        try:
            return client.execute(self.by_digest(operands))
        except NoScriptError:
            return client.execute(self.in_full(operands))

    def by_digest(self, operands: tuple[EncodableT, ...]) -> Command[Any]:
        """Return the command that runs it where it is known."""
        return Command(("EVALSHA_RO" if self.read_only else "EVALSHA", self.sha, *operands))

    def in_full(self, operands: tuple[EncodableT, ...]) -> Command[Any]:
        """Return the command that runs it anywhere, and makes it known there."""
        return Command(("EVAL_RO" if self.read_only else "EVAL", self.script, *operands))


def operands_of(keys: Iterable[KeyT], args: Iterable[EncodableT]) -> tuple[EncodableT, ...]:
    """Return what follows the script in a command: how many keys there are, the keys, the arguments.

    Raises:
        DataError: for a text in place of a list, whose characters would be taken one by one.
    """
    for name, given in (("keys", keys), ("args", args)):
        if isinstance(given, (str, bytes, bytearray, memoryview)) or not isinstance(given, Iterable):
            raise DataError(f"{name} must be an iterable, such as a list, not {type(given).__name__}")
    listed = list(keys)
    return (len(listed), *listed, *args)
