"""In the tests of commands every reply is held to the annotation of the method that brought it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncredis.commands import Commands
from tests.fixtures.annotations import mismatch, promised
from tests.fixtures.surfaces import Surface


class Checked:
    """A client that compares what its command methods return with what their annotations promise."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._text = str if client.decode_responses else bytes

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        method = getattr(Commands, name, None)
        if method is None or name == "execute":
            return attribute

        def call(*arguments: Any, **options: Any) -> Any:
            reply = attribute(*arguments, **options)
            found = mismatch(reply, promised(method, arguments, options), self._text)
            assert found is None, f"{name}: {found}"
            return reply

        return call

    def __enter__(self) -> Checked:
        self._client.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._client.__exit__(*error)


class CheckedSurface:
    """A surface whose clients are checked."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        # Clients are kept by this name, and those of other tests are not checked.
        self.name = f"{surface.name}, checked"

    @property
    def Redis(self) -> Callable[..., Checked]:  # noqa: N802 - stands for the class
        return lambda *arguments, **options: Checked(self._surface.Redis(*arguments, **options))

    @property
    def Sentinel(self) -> Callable[..., Any]:  # noqa: N802 - stands for the class
        return self._surface.Sentinel


@pytest.fixture
def surface(surface: Surface) -> CheckedSurface:
    """One of the three surfaces; what its clients return is checked."""
    return CheckedSurface(surface)
