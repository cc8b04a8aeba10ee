"""`AskingPool`: leads where clients of somebody else's make say, which stand in for those that ask the Sentinels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from syncredis import exceptions as core
from syncredis.command import Command
from syncredis.compat.exceptions import MasterNotFoundError, RedisError, SlaveNotFoundError
from syncredis.compat.pools import Faces
from syncredis.compat.translation import original
from syncredis.config import ConnectionConfig, Location
from syncredis.connection import Connection
from syncredis.pool import ConnectionPool


class AskingPool(Faces, ConnectionPool):
    """The core's pool, which asks anew for each connection. There is no watcher: nobody says when something has changed."""

    #: Yields where to connect, the best place first; raises one of redis-py's errors where there is none.
    ask: Callable[[], Iterable[tuple[str, int]]]
    _primary: tuple[str, int] | None = None

    def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - several may be connected to
        """Ask, and connect to the first place that can be reached. Blocks.

        Raises:
            PrimaryNotFoundError, ReplicaNotFoundError: if nobody knows a place that can be reached.
        """
        try:
            for host, port in self.ask():
                try:
                    made = self._dial(self.config.at(Location(host, port)))
                except core.InterruptedCallError:
                    raise
                except core.ConnectionError:
                    continue
                self._primary = host, port
                return made
        except MasterNotFoundError as error:
            raise core.PrimaryNotFoundError(str(error)) from error
        except SlaveNotFoundError as error:
            raise core.ReplicaNotFoundError(str(error)) from error
        except RedisError as error:
            raise original(error)  # noqa: B904 - the core's own, which has its cause
        raise core.PrimaryNotFoundError("the place that was named can not be reached")

    def _elsewhere(self, config: ConnectionConfig) -> ConnectionConfig | None:
        return config
