"""How a conversation with a server begins: connecting, the handshake, and what goes out with it.

https://redis.io/docs/latest/develop/reference/protocol-spec/#client-handshake
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from syncredis import handshake
from syncredis.command import Command
from syncredis.config import ConnectionConfig
from syncredis.connecting import connect
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError
from syncredis.transport import not_applied
from syncredis.typing import Reply


def open_connection(
    config: ConnectionConfig, *, ask_role: bool = False, first: Command[Any] | None = None
) -> Connection:
    """Connect, shake hands in one round trip, and return the connection. Blocks for ``connect_timeout`` at most.

    Args:
        config: where to, and as whom.
        ask_role: whether ROLE belongs to the handshake; the answer is in `Connection.role`.
        first: the command that will be executed first, and before anything else is done: if it changes nothing, is answered at
            once and is small, it goes out with the handshake, and costs no round trip of its own. What the server says to it
            counts only if it agrees with the handshake.

    Raises:
        ConnectionError, TimeoutError: if the server can not be reached; ``not_applied`` is set.
        AuthenticationError: if it refuses user or password, or wants one.
        ResponseError: if it refuses another part, e.g. the database's number.
    """
    ahead = first if first is not None and first.is_quick else None
    deadline = None if config.connect_timeout is None else time.monotonic() + config.connect_timeout
    connection = Connection(connect(config), config)
    try:
        _shake_hands(connection, config, deadline, ask_role=ask_role, ahead=ahead)
        connection.set_timeout(config.stream_timeout)
    except ConnectionError as error:
        connection.close()
        raise not_applied(error)  # noqa: B904 - the cause is the error's own
    except BaseException:
        connection.close()
        raise
    return connection


def _shake_hands(
    connection: Connection,
    config: ConnectionConfig,
    deadline: float | None,
    *,
    ask_role: bool,
    ahead: Command[Any] | None,
) -> None:
    config = config.with_credentials()
    steps, data = handshake.opening(config, ask_role=ask_role)
    replies = connection.exchange(data, len(steps), deadline, ahead)
    protocol = config.protocol
    if protocol == 3 and handshake.hello_refused(replies[0]):
        protocol = 2
        connection.drop_ahead(deadline)
        steps = handshake.without_hello(config, ask_role=ask_role)
        replies = connection.exchange(handshake.packed(steps, config), len(steps), deadline)
    conclude_handshake(connection, protocol, steps, replies)
    if ask_role:
        connection.role = handshake.role_from_reply(replies[-1])
        connection.link = handshake.link_from_reply(replies[-1])


def conclude_handshake(
    connection: Connection, protocol: int, steps: Sequence[handshake.Step], replies: Sequence[Reply]
) -> None:
    """Note what is known of a connection once its handshake was answered.

    Raises:
        ResponseError: if the server has refused a part that matters.
    """
    error = handshake.first_error(steps, replies)
    if error is not None:
        error.not_applied = True
        raise error
    connection.protocol = protocol
    connection.client_id = handshake.client_id_from_hello(replies[0])
