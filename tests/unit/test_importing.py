"""What importing brings with it. How long that takes is the machine's affair, but what it is follows from the code."""

from __future__ import annotations

import subprocess
import sys

import pytest

import syncredis


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after ``code``."""
    command = [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("code", "without"),
    [
        ("import syncredis", "anyio asyncio trio ssl hashlib logging urllib.parse syncredis.sentinel syncredis.lock"),
        ("import syncredis", "syncredis.pipeline syncredis._generated"),
        ("from syncredis.sentinel import Sentinel", "anyio asyncio trio ssl hashlib"),
        ("import syncredis.aio", "asyncio trio"),
        ("import syncredis.aio.sentinel", "asyncio trio"),
    ],
)
def test_what_is_not_loaded(code: str, without: str) -> None:
    loaded = modules_after(code) - modules_after("pass")  # how packages are installed may need some, too
    assert "syncredis.client" in loaded
    assert loaded.isdisjoint(without.split())


def test_what_is_loaded_later_is_there_all_the_same() -> None:
    from syncredis.factory import from_url
    from syncredis.sentinel import Sentinel

    assert syncredis.Sentinel is Sentinel
    assert syncredis.from_url is from_url
    assert set(syncredis.__all__) <= set(dir(syncredis))
    names: dict[str, object] = {}
    exec("from syncredis import *", names)
    assert set(syncredis.__all__) <= names.keys()
    with pytest.raises(AttributeError, match="module 'syncredis' has no attribute 'sentinels'"):
        _ = syncredis.sentinels  # type: ignore[attr-defined]
