"""Any version of a server, out of a container image: the program is taken from it, and runs here like any other."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shlex
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from syncredis.testing.errors import ServerNotFoundError

#: In the order of preference: an image of Valkey has links by Redis's names, too.
_PROGRAMS: Final = ("valkey-server", "redis-server")
#: Where a program and what it is a link to (one program has several names) lie.
_PROGRAM: Final = re.compile(r"(usr/)?(local/)?s?bin/(valkey|redis)-[\w-]+")
_LIBRARY: Final = re.compile(r"(usr/)?(local/)?lib(32|64)?(/[\w-]+-linux-[\w-]+)?/[^/]+\.so[^/]*")
#: What a program names as its loader; it stands near the beginning.
_LOADER: Final = re.compile(rb"/lib[\w./-]*/(ld[\w.-]*\.so[\w.]*)\0")
_HEAD: Final = 64 * 1024
_IN_MEMORY: Final = 16 * 1024 * 1024  # bytes; more goes to the disk
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def program_of(image: str) -> Path:
    """Return the server program of a container image, such as ``"valkey/valkey:8.1"``, ready to be run here.

    The engine (Docker, or whatever answers as Docker does where `DOCKER_HOST` says) only hands out the files: no container
    runs, so that the server is an ordinary process, which can be frozen, killed and told to listen on loopback. An image
    that the engine does not have is pulled. What was taken out stays in the user's cache directory (`XDG_CACHE_HOME`), a few
    megabytes for each image. Blocks as long as the engine does. Thread-safe.

    Raises ServerNotFoundError: no engine, no such image, no server in it, or one that is not for this machine.
    """
    if sys.platform != "linux":
        raise ServerNotFoundError("the server of a container image is a program for Linux")
    with _engine() as (engine, errors):
        try:
            found = _image(engine, image)
            _check_machine(image, found.attrs)
            kept = _cache() / str(found.id).rpartition(":")[2]
            if not (kept / "server").is_file():
                container = engine.containers.create(found.id, command=["none"])
                try:
                    _keep(container.export(), kept, image)
                finally:
                    container.remove()
        except errors as error:
            raise ServerNotFoundError(f"the image {image}: {error}") from error
    return kept / "server"


def unpack(filesystem: IO[bytes], directory: Path) -> Path:
    """Take the server, and the libraries it may need, out of a file system; return the program to be run.

    Args:
        filesystem: a tar archive that can be read from anywhere.
        directory: where to put it; must not exist yet.

    Raises ServerNotFoundError if there is no server in it.
    """
    (directory / "bin").mkdir(parents=True)
    (directory / "lib").mkdir()
    with tarfile.open(fileobj=filesystem) as archive:
        for member in archive:
            # All in one place: what is a link to where becomes a matter of names alone.
            path = member.name.removeprefix("./").removeprefix("/")
            if _PROGRAM.fullmatch(path):
                _extract(archive, member, directory / "bin")
            elif _LIBRARY.fullmatch(path):
                _extract(archive, member, directory / "lib")
    program = next((found for name in _PROGRAMS if (found := directory / "bin" / name).is_file()), None)
    if program is None:
        raise ServerNotFoundError(f"there is neither {' nor '.join(_PROGRAMS)} in it")
    with program.open("rb") as file:
        loader = _LOADER.search(file.read(_HEAD))
    return _wrap(directory, program, None if loader is None else loader[1].decode())


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    place = directory / PurePosixPath(member.name).name
    if place.exists() or place.is_symlink():
        return
    if member.issym() or member.islnk():
        target = PurePosixPath(member.linkname).name
        if target != place.name:
            place.symlink_to(target)
    elif member.isfile() and (content := archive.extractfile(member)) is not None:
        with place.open("wb") as file:
            shutil.copyfileobj(content, file)
        place.chmod(0o755)


def _wrap(directory: Path, program: Path, loader: str | None) -> Path:
    """Write the script that runs a program with the libraries it came with, and not with those of this machine."""
    libraries = directory / "lib"
    words = [] if loader is None else [str(libraries / loader), "--library-path", str(libraries)]
    script = directory / "server"
    script.write_text(f'#!/bin/sh\nexec {shlex.join([*words, str(program)])} "$@"\n')
    script.chmod(0o755)
    return script


def _keep(blocks: Iterable[bytes], kept: Path, image: str) -> None:
    """Unpack under another name first: who looks meanwhile finds all of it, or nothing."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file, tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        for block in blocks:
            file.write(block)
        file.seek(0)
        fresh = Path(temporary, kept.name)
        try:
            script = unpack(file, fresh)
        except (ServerNotFoundError, tarfile.TarError) as error:
            raise ServerNotFoundError(f"the image {image}: {error}") from error
        script.write_text(script.read_text().replace(str(fresh), str(kept)))
        try:
            fresh.rename(kept)
        except OSError:  # another process was faster
            if not (kept / "server").is_file():
                raise


@contextmanager
def _engine() -> Iterator[tuple[Any, type[Exception]]]:
    try:
        docker = importlib.import_module("docker")
    except ModuleNotFoundError as error:
        hint = 'pip install "syncredis[docker]"'
        raise ServerNotFoundError(f"the package docker, which gets at images, is not installed: {hint}") from error
    failure: type[Exception] = docker.errors.DockerException
    try:
        engine = docker.from_env()
    except failure as error:
        raise ServerNotFoundError(f"no container engine answers: {error}") from error
    try:
        yield engine, failure
    finally:
        engine.close()


def _image(engine: Any, name: str) -> Any:
    missing: type[Exception] = importlib.import_module("docker").errors.ImageNotFound
    try:
        return engine.images.get(name)
    except missing:
        repository, colon, tag = name.rpartition(":")
        # A colon in front of a slash belongs to a registry's port.
        has_tag = colon and "/" not in tag
        return engine.images.pull(repository if has_tag else name, tag=tag if has_tag else "latest")


def _check_machine(image: str, facts: dict[str, Any]) -> None:
    ours = _MACHINES.get(platform.machine(), platform.machine())
    if (theirs := facts.get("Architecture", ours)) != ours:
        raise ServerNotFoundError(f"the image {image} is for {theirs}, and this machine is {ours}")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syncredis" / "images"
