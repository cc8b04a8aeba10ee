"""The pytest plugin, as another project would use it."""

from __future__ import annotations

import configparser
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from syncredis.testing import find

ROOT = Path(__file__).resolve().parent.parent.parent

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs pytest on a module of another project: ``run(code, *arguments, ini="...")``."""

    def run(code: str, *arguments: str, ini: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(textwrap.dedent(code))
        (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = --strict-markers -p no:valkey\n{ini}\n")
        # By its module, because the project need not be installed here.
        plugin = ["-p", "no:syncredis", "-p", "pytest_syncredis"]
        return subprocess.run(
            [sys.executable, "-X", "dev", "-m", "pytest", "-q", *plugin, *arguments, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            cwd=ROOT,
        )

    return run


def test_it_is_registered() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["options.entry_points"]["pytest11"].split() == ["syncredis", "=", "pytest_syncredis"]
    assert config["options"]["py_modules"] == "pytest_syncredis"


def test_fixtures(run: Run) -> None:
    done = run(
        """
        import pytest
        from syncredis import Redis
        from syncredis.sentinel import Sentinel
        from syncredis.testing import Fault

        def test_server(redis_server):
            with Redis(*redis_server.location) as client:
                assert client.dbsize() == 0
                client.set("k", "v")

        def test_another_server(redis_server):
            test_server(redis_server)

        @pytest.mark.redis_server(password="hidden")
        def test_options(redis_server):
            with Redis(*redis_server.location, password="hidden") as client:
                assert client.ping()

        def test_proxy(redis_server, fault_proxy):
            fault_proxy.to_client = Fault(cut_after=0)
            with Redis(*fault_proxy.location) as client:
                assert client.get("k") is None
            assert fault_proxy.struck == 1

        @pytest.mark.sentinel_deployment(replicas=1, proxied=True)
        class TestDeployment:
            @pytest.mark.sentinel_deployment(sentinels=1, replicas=0)
            def test_nearest(self, sentinel_deployment):
                assert (len(sentinel_deployment.sentinels), len(sentinel_deployment.nodes)) == (1, 1)
                assert sentinel_deployment.primary.proxy

            def test_class(self, sentinel_deployment):
                assert (len(sentinel_deployment.sentinels), len(sentinel_deployment.nodes)) == (3, 2)
                with Sentinel(sentinel_deployment.sentinel_locations) as sentinel:
                    assert sentinel.discover_primary("myredis") == sentinel_deployment.primary.location
        """
    )
    assert "6 passed" in done.stdout, done.stdout + done.stderr


def test_options(run: Run) -> None:
    binary = find()
    code = f"""
        def test_it(sentinel_deployment, redis_server):
            assert str(redis_server.binary) == "{binary}"
            assert len(sentinel_deployment.sentinels), len(sentinel_deployment.nodes) == (1, 2)
        """
    options = [f"--syncredis-server={binary.path}", "--syncredis-replicas=1", "--syncredis-sentinels=1"]
    assert "1 passed" in run(code, *options).stdout
    ini = f"syncredis_server = {binary.path}\nsyncredis_replicas = 1\nsyncredis_sentinels = 1"
    assert "1 passed" in run(code, ini=ini).stdout
    failed = run(code, "--syncredis-server=/nowhere").stdout
    assert "there is no file /nowhere" in failed
    assert "1 error" in failed


def test_it_costs_nothing_when_unused(run: Run) -> None:
    done = run(
        """
        import sys

        def test_it():
            assert "pytest_syncredis" in sys.modules
            assert not [name for name in sys.modules if name.partition(".")[0] in ("syncredis", "hiredis", "anyio")]
        """,
        "-p",
        "no:anyio",
    )
    assert "1 passed" in done.stdout, done.stdout
