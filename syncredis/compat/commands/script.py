"""redis-py's `Script`."""

from __future__ import annotations

import hashlib
from typing import Any

from syncredis.command import Command
from syncredis.compat.exceptions import NoScriptError
from syncredis.script import operands_of


class Script:
    """A script, ready to be called. Made by ``register_script``.

    The server gets its digest alone, and the whole script if it does not know that. In a pipeline it gets the whole script
    in any case: when the server could say that it does not know the digest, it has carried out other commands already.

    Attributes:
        registered_client: what carries the script out where a call does not say otherwise.
        script: its text.
        sha: its digest.
    """

    def __init__(self, registered_client: Any, script: Any) -> None:
        self.registered_client = registered_client
        self.script = script
        text = registered_client.get_encoder().encode(script)
        self.sha: Any = hashlib.sha1(text, usedforsecurity=False).hexdigest()

    def __call__(self, keys: Any = None, args: Any = None, client: Any = None) -> Any:
        """Run it with ``KEYS`` and ``ARGV``, and return its result. Blocks, unless ``client`` is a pipeline."""
        client = self.registered_client if client is None else client
        operands = operands_of(_listed(keys), _listed(args))
        if client.queues_scripts:
            return client.execute(Command[Any](("EVAL", self.script, *operands)))
        try:
            return client.evalsha(self.sha, *operands)
        except NoScriptError:
            return client.execute(Command[Any](("EVAL", self.script, *operands)))

    def get_encoder(self) -> Any:
        """Return the encoder of the client that it was registered with."""
        return self.registered_client.get_encoder()


class AsyncScript(Script):
    """The same, to be awaited."""

    async def __call__(self, keys: Any = None, args: Any = None, client: Any = None) -> Any:
        """Run it with ``KEYS`` and ``ARGV``, and return its result."""
        client = self.registered_client if client is None else client
        operands = operands_of(_listed(keys), _listed(args))
        if client.queues_scripts:
            return client.execute(Command[Any](("EVAL", self.script, *operands)))
        try:
            return await client.evalsha(self.sha, *operands)
        except NoScriptError:
            return await client.execute(Command[Any](("EVAL", self.script, *operands)))


def _listed(given: Any) -> Any:
    return given or ()
