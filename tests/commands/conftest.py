"""In the tests of commands every reply is held to the annotation of the method that brought it."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis.commands import Commands
from tests.fixtures.annotations import mismatch, promised


class Checked:
    """A client that compares what its command methods return with what their annotations promise."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._text = str if client.decode_responses else bytes

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.client, name)
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
        self.client.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.client.__exit__(*error)


@pytest.fixture
def client(client: Any) -> Any:
    """The client that returns text, its replies checked."""
    return Checked(client)


@pytest.fixture
def raw(raw: Any) -> Any:
    """The client that returns bytes, its replies checked."""
    return Checked(raw)
