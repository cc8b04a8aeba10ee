"""redis-py's credential providers: what is asked for user and password whenever a connection is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class CredentialProvider:
    """Says as whom to connect. Subclasses override `get_credentials`."""

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return ``(password,)`` or ``(username, password)``. May block."""
        raise NotImplementedError("get_credentials must be implemented")

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """Return the same, for the async client; overridden where asking takes time."""
        return self.get_credentials()


class StreamingCredentialProvider(CredentialProvider, ABC):
    """One that brings new credentials by itself. Connections ask for the current ones when they are made."""

    @abstractmethod
    def on_next(self, callback: Callable[[Any], None]) -> None:
        """Call ``callback`` with each new credential."""

    @abstractmethod
    def on_error(self, callback: Callable[[Exception], None]) -> None:
        """Call ``callback`` with each failure."""

    @abstractmethod
    def is_streaming(self) -> bool:
        """Whether it has begun."""


class UsernamePasswordCredentialProvider(CredentialProvider):
    """Always the same user and password."""

    def __init__(self, username: str | None = None, password: str | None = None) -> None:
        self.username = username or ""
        self.password = password or ""

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return the pair, or the password alone where there is no user."""
        return (self.username, self.password) if self.username else (self.password,)
