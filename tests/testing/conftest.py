"""Every server binary of this machine, and child Python processes that meet a bad end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from syncredis.testing import ServerBinary, available

BINARIES = available()


@pytest.fixture(params=BINARIES, ids=str)
def binary(request: pytest.FixtureRequest) -> ServerBinary:
    """Each version of Valkey and Redis that can be run here."""
    found: ServerBinary = request.param
    return found


@pytest.fixture(params=[binary for binary in BINARIES if binary.has_tls], ids=str)
def tls_binary(request: pytest.FixtureRequest) -> ServerBinary:
    """Those that speak TLS."""
    found: ServerBinary = request.param
    return found


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """The directives for a server certificate and the authority that signed it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    return {
        "tls-ca-cert-file": f'"{tmp_path}/ca.pem"',
        "tls-cert-file": f'"{tmp_path}/cert.pem"',
        "tls-key-file": f'"{tmp_path}/key.pem"',
    }


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """A function that waits until something is true, and tells whether it became so."""

    def wait(condition: Callable[[], bool], timeout: float = 20.0) -> bool:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return wait


#: The alarm is for the case that these tests die: the script is not their leak then. And where a shell has put the tests into
#: the background, SIGINT would be ignored, and SIGHUP where it runs them with nohup.
_SIGNALS = (
    "import signal; signal.alarm(100); signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)"
)


class Script:
    """A child Python process, and everything that descends from it, known by a mark."""

    def __init__(self, code: str, directory: Path) -> None:
        self.directory = directory
        self._mark = f"SYNCREDIS_TEST_MARK={directory}"
        name, _, value = self._mark.partition("=")
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", f"{_SIGNALS}\n{code}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {name: value, "TMPDIR": str(directory), "PYTHONPATH": path},
        )

    def wait_for(self, word: str) -> None:
        """Block until the script prints a line that is `word`."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line == word, (line, self.process.communicate()[1])

    def finish(self) -> tuple[int, str, str]:
        """Block until the script has ended; return its exit code and what it wrote."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def processes(self) -> list[int]:
        """Return the numbers of the living processes that descend from the script."""
        return [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal() and self._descends(entry)
        ]

    def _descends(self, entry: Path) -> bool:
        # A server writes its title over its environment; it sits in its directory by then.
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            if self._mark.encode() in environment:
                return True
            return os.readlink(entry / "cwd").startswith(str(self.directory))
        except OSError:
            return False

    def remains(self) -> list[str]:
        """Return what is left of the script: processes that live and files that exist."""
        return [*map(str, self.processes()), *map(str, self.directory.iterdir())]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[[str], Script]]:
    """A function that runs code in a child Python process, and nothing of which stays."""
    scripts: list[Script] = []

    def run(code: str) -> Script:
        directory = tmp_path / f"script-{len(scripts)}"
        directory.mkdir()
        scripts.append(Script(code, directory))
        return scripts[-1]

    yield run
    for started in scripts:
        if started.process.poll() is None:
            started.process.kill()
        started.process.communicate()
