"""Loopback ports that nobody else gets while we need them."""

import socket
import sys
from typing import Final

HOST: Final = "127.0.0.1"

# Linux lets a server bind a port that another socket has bound, as long as both allow the reuse and
# neither listens yet. So the reservation may stay in place while the server starts, runs, is killed
# and starts again; the kernel gives the port to nobody else meanwhile. Elsewhere the reservation has
# to go before the server comes, and another process may be faster.
_CAN_HOLD: Final = sys.platform == "linux"


class PortReservation:
    """A free TCP port of the loopback interface, kept for one server until `close`.

    Raises OSError when the system has no free port. Not thread-safe.
    """

    port: int
    """The number of the port."""

    def __init__(self) -> None:
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            held.bind((HOST, 0))
            # Only now: with the reuse allowed from the start two reservations could meet.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.port = held.getsockname()[1]
        except BaseException:
            held.close()
            raise
        self._held: socket.socket | None = held
        if not _CAN_HOLD:
            self.close()

    def close(self) -> None:
        """Give the port back to the system; calling it again does nothing."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
