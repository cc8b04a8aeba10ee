"""Commands that belong to one connection: redis-py has methods for them, the core has none.

A client that shares its connections carries them out on one that is closed afterwards, so nobody else is touched; they take
effect on a client with a connection of its own (``single_connection_client=True``, or ``client()``). AUTH alone takes effect
on all connections of the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncredis.compat.deprecation import warn
from syncredis.compat.exceptions import DataError


class StatefulCommands:
    """redis-py's methods for the state of a connection, for replication and for the end of the server."""

    __slots__ = ()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out a command."""
        raise NotImplementedError

    def auth(self, password: str, username: str | None = None, **kwargs: Any) -> Any:
        """Authenticate the connection; where connections are shared, all of them, and those that are made later."""
        user = () if username is None else (username,)
        return self.execute_command("AUTH", *user, password, **kwargs)

    def select(self, index: int, **kwargs: Any) -> Any:
        """Have the connection use another database."""
        return self.execute_command("SELECT", index, **kwargs)

    def client_reply(self, reply: str, **kwargs: Any) -> Any:
        """Say whether the server answers: ``"ON"``, ``"OFF"`` or ``"SKIP"``.

        Raises:
            DataError: for another word.
        """
        if reply not in ("ON", "OFF", "SKIP"):
            raise DataError(f"CLIENT REPLY must be one of ['ON', 'OFF', 'SKIP'], not {reply!r}")
        return self.execute_command("CLIENT REPLY", reply, **kwargs)

    def client_tracking(
        self,
        on: bool = True,
        clientid: int | None = None,
        prefix: Sequence[Any] = (),
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Have the server tell the connection about changed keys.

        Raises:
            DataError: for prefixes without ``bcast``.
        """
        if prefix and not bcast:
            raise DataError("Prefix can only be used with bcast")
        words: list[Any] = ["ON" if on else "OFF"]
        if clientid is not None:
            words += ["REDIRECT", clientid]
        for part in prefix:
            words += ["PREFIX", part]
        given = {"BCAST": bcast, "OPTIN": optin, "OPTOUT": optout, "NOLOOP": noloop}
        words += [word for word, wanted in given.items() if wanted]
        return self.execute_command("CLIENT TRACKING", *words, **kwargs)

    def client_tracking_on(
        self,
        clientid: int | None = None,
        prefix: Sequence[Any] = (),
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
    ) -> Any:
        """`client_tracking`, switched on."""
        return self.client_tracking(True, clientid, prefix, bcast, optin, optout, noloop)

    def client_tracking_off(
        self,
        clientid: int | None = None,
        prefix: Sequence[Any] = (),
        bcast: bool = False,
        optin: bool = False,
        optout: bool = False,
        noloop: bool = False,
    ) -> Any:
        """`client_tracking`, switched off."""
        return self.client_tracking(False, clientid, prefix, bcast, optin, optout, noloop)

    def quit(self, **kwargs: Any) -> Any:
        """Have the server close the connection."""
        return self.execute_command("QUIT", **kwargs)

    def reset(self) -> Any:
        """Have the connection forget its state."""
        return self.execute_command("RESET")

    def watch(self, *names: Any) -> Any:  # noqa: ARG002 - as redis-py
        """Only of a pipeline; warns of that."""
        warn("Call WATCH from a Pipeline object")

    def unwatch(self) -> Any:
        """Only of a pipeline; warns of that."""
        warn("Call UNWATCH from a Pipeline object")

    def readonly(self, **kwargs: Any) -> Any:
        """Let a replica of a cluster answer on this connection."""
        return self.execute_command("READONLY", **kwargs)

    def readwrite(self, **kwargs: Any) -> Any:
        """The opposite of `readonly`."""
        return self.execute_command("READWRITE", **kwargs)

    def psync(self, replicationid: str, offset: int) -> Any:
        """Begin to replicate; what comes then is not parsed."""
        return self.execute_command("PSYNC", replicationid, offset, NEVER_DECODE=[])

    def sync(self) -> Any:
        """Begin to replicate; what comes then is not parsed."""
        return self.execute_command("SYNC", NEVER_DECODE=[])
