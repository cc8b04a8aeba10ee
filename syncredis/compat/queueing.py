"""`Queue`: what a pipeline has queued and watches; the core's `Pipeline` and `Watched` carry it out."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from syncredis import exceptions as core
from syncredis.command import Command
from syncredis.compat.exceptions import ExecAbortError, RedisError, WatchError
from syncredis.compat.requests import EMPTY_RESPONSE, request
from syncredis.compat.translation import translated
from syncredis.pipeline import Pipeline, Watched

#: As many characters of a command go into a message.
_SHOWN = 100


class Queue:
    """Of one pipeline.

    Args:
        pool: where connections come from.
        callbacks: how replies are decoded.
        describe: says what an error is, in the message that names its command.

    Attributes:
        stack: what is queued, as arguments and options.
    """

    def __init__(self, pool: Any, callbacks: Any, describe: Callable[[RedisError], object] = str) -> None:
        self.stack: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self._pool = pool
        self._callbacks = callbacks
        self._describe = describe
        self._watched: tuple[Pipeline[Any], Watched[Any]] | None = None

    @property
    def watching(self) -> bool:
        """Whether keys are watched."""
        return self._watched is not None

    @property
    def connection(self) -> Any:
        """The connection that watches, with redis-py's methods; None if none does."""
        if self._watched is None:
            return None
        return self._pool.core.face_of(self._watched[1]._connection)

    def request(self, args: tuple[Any, ...], options: dict[str, Any]) -> Command[Any]:
        """Return the core's command."""
        return request(args, options, self._callbacks, self._pool.get_encoder())

    def carry_out(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Carry a command out at once, on the connection that watches; WATCH and UNWATCH among them. Blocks."""
        try:
            if args[0] == "WATCH":
                return self._watch(args[1:])
            if args[0] in ("UNWATCH", "DISCARD"):
                self._unwatch()
                return True
            command = self.request(args, options)
            return self._pool.client.execute(command) if self._watched is None else self._watched[1].execute(command)
        except core.ConnectionError as error:
            if not self.watching:
                raise translated(error)  # noqa: B904 - the cause is set there
            self.reset()
            kind = type(translated(error)).__name__
            raise WatchError(f"A {kind} occurred while watching one or more keys") from error
        except core.RedisError as error:
            raise translated(error)  # noqa: B904 - the cause is set there

    def _watch(self, names: tuple[Any, ...]) -> bool:
        if self._watched is None:
            pipeline = self._pool.client.pipeline(True)
            self._watched = pipeline, pipeline.watch(*names)
        else:
            self._watched[0].watch(*names)
        return True

    def _unwatch(self) -> None:
        watched, self._watched = self._watched, None
        if watched is not None:
            watched[0].reset()

    def execute(self, transaction: bool, raise_on_error: bool) -> list[Any]:
        """Send what is queued, and return the replies, or errors among them. Blocks.

        Raises:
            RedisError: as redis-py does.
        """
        stack = self.stack
        watched, self._watched = self._watched, None
        if not stack and watched is None:
            return []
        if watched is not None and not transaction:
            watched[0].reset()
            watched = None
        pipeline = self._pool.client.pipeline(transaction) if watched is None else watched[0]
        sent = [(args, options) for args, options in stack if EMPTY_RESPONSE not in options]
        try:
            for args, options in sent:
                pipeline.queue(self.request(args, options))
            if watched is not None and not sent:
                pipeline.execute_command("PING")  # an empty transaction would not tell of a changed key
            outcomes = iter(pipeline.execute(raise_on_error=False))
        except core.PoolTimeoutError as error:
            raise self._pool.exhausted() from error
        except core.RedisError as error:
            raise translated(error)  # noqa: B904 - the cause is set there
        if watched is not None and not sent:
            self._settled([next(outcomes)], raise_on_error)
        replies = [options[EMPTY_RESPONSE] if EMPTY_RESPONSE in options else next(outcomes) for _, options in stack]
        return self._settled(replies, raise_on_error)

    def _settled(self, outcomes: list[Any], raise_on_error: bool) -> list[Any]:
        errors = [(at, outcome) for at, outcome in enumerate(outcomes) if isinstance(outcome, core.RedisError)]
        if not errors:
            return outcomes
        for at, error in errors:
            if isinstance(error, core.WatchError):
                raise WatchError("Watched variable changed.") from error
            outcomes[at] = translated(error)
        given_up = any(isinstance(error, core.ExecAbortError) for _, error in errors)
        failed = [(at, outcomes[at]) for at, _ in errors]
        if given_up:  # nothing was carried out: the command that was to blame is what matters
            failed = [found for found in failed if not isinstance(found[1], ExecAbortError)] or failed
        if failed and (raise_on_error or given_up):
            raise self._annotated(*failed[0])
        return outcomes

    def _annotated(self, at: int, error: RedisError) -> RedisError:
        words = " ".join(_shown(argument) for argument in self.stack[at][0])
        shown = textwrap.shorten(words, width=_SHOWN, placeholder="...")
        error.args = (
            f"Command # {at + 1} ({shown}) of pipeline caused error: {self._describe(error)}",
            *error.args[1:],
        )
        return error

    def reset(self) -> None:
        """Forget what is queued and what is watched. Blocks for a round trip if keys are watched."""
        self.stack = []
        with suppress(core.RedisError):
            self._unwatch()

    def abandon(self) -> None:
        """`reset` without a round trip. Never blocks."""
        watched, self._watched = self._watched, None
        if watched is not None:
            watched[0].abandon()


def _shown(argument: Any) -> str:
    return argument.decode("utf-8", "replace") if isinstance(argument, bytes) else str(argument)
