"""Credentials that change while an application runs: a provider is asked for them, and says when there are other ones.

https://redis.io/docs/latest/commands/auth/
"""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Protocol, Self


class Credentials(NamedTuple):
    """As whom to authenticate; a user name of None means the default user. Printed without the password."""

    username: str | None
    password: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"


class Listener(Protocol):
    """Who wants to know when credentials have changed."""

    def credentials_changed(self) -> None:
        """Learn of it. Must not block."""
        ...


class CredentialProvider(ABC):
    """Says as whom new connections authenticate: the option ``credential_provider``. Subclasses say `get_credentials`.

    One provider may serve any number of clients. Thread-safe, if `get_credentials` is.
    """

    #: How often the credentials have changed.
    version: int
    _listeners: weakref.WeakSet[Listener]
    _lock: threading.Lock

    def __new__(cls, *_: Any, **__: Any) -> Self:  # so that subclasses need not call __init__
        made = super().__new__(cls)
        made.version = 0
        made._listeners = weakref.WeakSet()
        made._lock = threading.Lock()
        return made

    @abstractmethod
    def get_credentials(self) -> Credentials | tuple[str | None, str]:
        """Return user name (None: the default user) and password. Called for each new connection, in any thread; may block.

        What it raises, the call raises that needs the connection.
        """

    def changed(self) -> None:
        """Say that there are other credentials from now on. Never blocks.

        Each connection of the clients that use this provider authenticates anew before it is used the next time. Call it
        before a token expires, or when a password was changed.
        """
        with self._lock:
            self.version += 1
            listeners = list(self._listeners)
        for listener in listeners:
            listener.credentials_changed()

    def tell(self, listener: Listener) -> None:
        """Tell a listener of every change, as long as it exists."""
        with self._lock:
            self._listeners.add(listener)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, changed {self.version} times>"


class ChangeableCredentials(CredentialProvider):
    """Credentials that the application changes by itself: `change`.

    Args:
        password: of the user.
        username: None: the default user.
    """

    def __init__(self, password: str, username: str | None = None) -> None:
        self._current = Credentials(username, password)

    def get_credentials(self) -> Credentials:
        """Return the current ones."""
        return self._current

    def change(self, password: str, username: str | None = None) -> None:
        """Use other credentials from now on, on the connections that exist, too. Never blocks."""
        self._current = Credentials(username, password)
        self.changed()
