"""The fixtures of all tests; each module of `tests.fixtures` holds one kind."""

from __future__ import annotations

import gc

import pytest

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.surfaces",
    "tests.fixtures.clients",
    "tests.fixtures.ledger",
    "tests.fixtures.leaks",
    "tests.fixtures.tls",
    "tests.fixtures.threads",
    "tests.fixtures.peer",
    "tests.fixtures.deployments",
    "tests.fixtures.networks",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that differ from run to run: the processes that share the tests have to agree on them."""
    changing = [item.nodeid for item in items if " at 0x" in item.nodeid]
    assert not changing, f"give ids to the parameters of {changing[0]}"


def pytest_collection_finish() -> None:
    """Keep the tests themselves, of which there are many thousands, out of each search for what they left behind."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Undo that: plugins that begin their work now look for who refers to what."""
    gc.unfreeze()
