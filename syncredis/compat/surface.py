"""What the blocking client of redis-py and the async one have in common, and their pipelines: all that waits for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from syncredis.compat.encoder import Encoder
from syncredis.compat.exceptions import RedisError
from syncredis.compat.queueing import Queue
from syncredis.compat.retry import Retry


class ClientSurface:
    """Of a client: how it is set up, and what can be made from it."""

    connection_pool: Any
    response_callbacks: Any
    #: Makes locks where nothing else is said.
    _lock_class: ClassVar[Any]

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__}({self.connection_pool!r})>"

    def get_encoder(self) -> Encoder:
        """Return what encodes arguments and decodes replies."""
        return self.connection_pool.get_encoder()  # type: ignore[no-any-return]

    def get_connection_kwargs(self) -> dict[str, Any]:
        """Return the options of the connections."""
        return self.connection_pool.connection_kwargs  # type: ignore[no-any-return]

    def get_retry(self) -> Retry | None:
        """Return how calls are tried again."""
        return self.get_connection_kwargs().get("retry")

    def set_retry(self, retry: Retry) -> None:
        """Try again as ``retry`` says, from now on."""
        self.connection_pool.set_retry(retry)

    def set_response_callback(self, command: str, callback: Callable[..., Any]) -> None:
        """Have the replies to a command decoded by ``callback``, which gets the reply, and the options of the call."""
        self.response_callbacks[command] = callback

    def load_external_module(self, funcname: str, func: Callable[..., Any]) -> None:
        """Set an attribute of this client."""
        setattr(self, funcname, func)

    def client(self) -> Self:
        """Return a client on the same pool, with a connection of its own."""
        kind: Any = type(self)
        return kind(connection_pool=self.connection_pool, single_connection_client=True)  # type: ignore[no-any-return]

    def lock(
        self,
        name: Any,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        lock_class: Any = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> Any:
        """Return a lock; see `syncredis.compat.lock.Lock`."""
        return (lock_class or self._lock_class)(
            self,
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
            raise_on_release_error=raise_on_release_error,
        )


class Queueing:
    """Of a pipeline: what is queued."""

    queues_scripts = True
    explicit_transaction: bool
    _queue: Queue

    def __del__(self) -> None:
        if hasattr(self, "_queue"):
            self._queue.abandon()

    def __len__(self) -> int:
        return len(self.command_stack)

    def __bool__(self) -> bool:
        return True

    @property
    def command_stack(self) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        """What is queued: arguments and options of each command."""
        return self._queue.stack

    @property
    def watching(self) -> bool:
        """Whether keys are watched."""
        return self._queue.watching

    def multi(self) -> None:
        """Queue commands from here on, after `watch`.

        Raises:
            RedisError: if that is so already, or commands are queued without a watch.
        """
        if self.explicit_transaction:
            raise RedisError("Cannot issue nested calls to MULTI")
        if self.command_stack:
            raise RedisError("Commands without an initial WATCH have already been issued")
        self.explicit_transaction = True

    def pipeline_execute_command(self, *args: Any, **options: Any) -> Self:
        """Queue a command, and return the pipeline."""
        self.command_stack.append((args, options))
        return self
