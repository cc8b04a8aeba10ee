"""Servers out of container images: from an image's files to a server that serves."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from syncredis.testing import ServerBinary, ServerNotFoundError, ServerProcess, at, find
from syncredis.testing.images import unpack

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform != "linux", reason="images hold programs for Linux"),
    # The docker package leaves sockets to be collected.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def files_of(binary: ServerBinary) -> io.BytesIO:
    """The server and its libraries as images have them: links among them, and much that nobody asked for."""
    needed = subprocess.run(["ldd", binary.path], capture_output=True, text=True, check=True).stdout
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:

        def link(name: str, target: str) -> None:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)

        archive.add(Path(__file__), "data/bin/redis-server")  # somewhere else
        archive.add(binary.path.resolve(), "usr/local/bin/redis-check-rdb")
        link("usr/local/bin/redis-server", "redis-check-rdb")
        for library in map(Path, re.findall(r"/\S+", needed)):
            real = library.resolve()
            archive.add(real, f"usr/lib/x86_64-linux-gnu/{real.name}")
            if library.name != real.name:
                link(f"./usr/lib/x86_64-linux-gnu/{library.name}", f"/usr/lib/x86_64-linux-gnu/{real.name}")
        archive.add(Path(__file__), "usr/lib/python3/something.so.txt.d/nested.so")
    content.seek(0)
    return content


def serves(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server:
        server.execute_command("SET", "key", "value")
        server.freeze()
        server.thaw()
        assert server.execute_command("GET", "key") == "value"
    with ServerProcess(binary, sentinel=True) as sentinel:
        assert sentinel.execute_command("SENTINEL", "MASTERS") == []


def test_what_is_taken_out_of_an_image_serves(binary: ServerBinary, tmp_path: Path) -> None:
    script = unpack(files_of(binary), tmp_path / "new folder")
    assert sorted(path.name for path in (script.parent / "bin").iterdir()) == ["redis-check-rdb", "redis-server"]
    assert list(script.parent.glob("lib/libc.so.*"))
    assert not list(script.parent.glob("lib/nested.so"))
    assert f"--library-path {str(script.parent / 'lib')!r}" in script.read_text()  # not this machine's libraries
    found = at(script)
    assert (found.name, found.version, found.has_tls) == (binary.name, binary.version, binary.has_tls)
    serves(found)


def test_an_image_without_a_server(tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(Path(__file__), "usr/bin/program")
    content.seek(0)
    with pytest.raises(ServerNotFoundError, match="there is neither valkey-server nor redis-server in it"):
        unpack(content, tmp_path / "new")


def test_no_engine_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("docker")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(ServerNotFoundError, match="no container engine answers"):
        find("docker:valkey/valkey:8.1")


def test_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(
        ServerNotFoundError, match=r"docker, which .* not installed: pip install \"syncredis\[docker\]\""
    ):
        find("docker:valkey/valkey:8.1")


@pytest.fixture
def engine():
    docker = pytest.importorskip("docker")
    try:
        engine = docker.from_env()
        engine.ping()
    except docker.errors.DockerException as error:
        pytest.skip(f"no container engine answers: {error}")
    yield engine
    engine.close()


def test_an_engine_hands_out_its_images(
    engine, binary: ServerBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    name, tag = "localhost/syncredis-test", f"{binary.name}-{binary.version[0]}"
    answer = engine.api.import_image_from_data(files_of(binary).getvalue())
    engine.api.tag(json.loads(answer)["status"], name, tag)  # Podman does not take the name along with the files
    try:
        found = find(f"docker:{name}:{tag}")
        assert (found.name, found.version) == (binary.name, binary.version)
        serves(found)
        assert list((tmp_path / "syncredis" / "images").iterdir()) == [found.path.parent]
        again = find(f"docker:{name}:{tag}")  # from what is kept
        assert again == found
        assert not engine.containers.list(all=True, filters={"ancestor": f"{name}:{tag}"})
    finally:
        engine.images.remove(f"{name}:{tag}")
    with pytest.raises(ServerNotFoundError, match=f"the image {name}:{tag}: "):
        find(f"docker:{name}:{tag}")
