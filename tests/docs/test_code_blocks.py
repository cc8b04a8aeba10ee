"""The code of the documentation runs as it stands, against a real deployment.

The blocks of a file are one script. Ports are replaced by those of the deployment, and the certificates that they name are
there. Where a line ends with a comment that is a Python literal, the line's value has to be equal to it.
"""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.tls import Certificates

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(path: Path) -> list[str]:
    """Return the blocks of a file, each with as many empty lines before it as there are lines before it in the file."""
    text = path.read_text()
    return ["\n" * text.count("\n", 0, found.start(1)) + found[1] for found in BLOCK.finditer(text)]


BLOCKS = {path: _blocks(path) for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]}
#: What has nothing to await runs once, whatever the event loop would be.
RUNS = [
    pytest.param(path, backend, id=f"{path.stem}-{backend}")
    for path, blocks in BLOCKS.items()
    if blocks
    for backend in (["asyncio", "trio"] if any("await " in block for block in blocks) else ["sync"])
]


@pytest.fixture(scope="module")
def deployment() -> Iterator[SentinelDeployment]:
    with SentinelDeployment(replicas=1, sentinels=1, service_name="myredis") as started:
        yield started


@pytest.fixture
def beside_certificates(certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a directory the current one that holds the certificates which the documentation names."""
    shutil.copy(certificates.authority, tmp_path / "ca.pem")
    shutil.copy(certificates.client.certificate, tmp_path / "client.pem")
    shutil.copy(certificates.client.key, tmp_path / "client.key")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("path", "backend"), RUNS)
def test_blocks(path: Path, backend: str, deployment: SentinelDeployment, beside_certificates: None) -> None:
    if any("telemetry" in block for block in BLOCKS[path]):
        pytest.importorskip("opentelemetry.sdk")
    deployment.primary.execute_command("FLUSHALL")
    namespace: dict[str, object] = {
        "__name__": path.stem,
        "_check": _check,
        "_replicated": lambda: _wait_for_replica(deployment),
    }
    checked = 0
    for block in BLOCKS[path]:
        code = _with_ports(block, deployment)
        module, count = _with_checks(code)
        checked += count
        run = compile(module, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if run.co_flags & inspect.CO_COROUTINE:
            anyio.run(_awaited, run, namespace, backend=backend)
        else:
            exec(run, namespace)
    assert checked


async def _awaited(code: object, namespace: dict[str, object]) -> None:
    await eval(code, namespace)  # type: ignore[arg-type]


def _with_ports(block: str, deployment: SentinelDeployment) -> str:
    ports = {
        "26379": deployment.sentinel_locations[0][1],
        "6379": deployment.primary.port,
        "6380": deployment.replicas[0].port,
    }
    return re.sub(r"\b(26379|6379|6380)\b", lambda found: str(ports[found[0]]), block)


def _with_checks(code: str) -> tuple[ast.Module, int]:
    """Turn each expression whose line has a literal as comment into a comparison; return how many there are.

    After a write, the replica gets the time that a reader of the documentation takes to the next line.
    """
    checks = _Checks(code)
    module = checks.visit(ast.parse(code))
    return ast.fix_missing_locations(module), checks.count


class _Checks(ast.NodeTransformer):
    def __init__(self, code: str) -> None:
        self.count = 0
        self._lines = code.splitlines()

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.AST]:
        if "primary.set(" in ast.unparse(node):
            return [node, ast.parse("_replicated()").body[0]]
        expected = _comment(self._lines, node)
        if expected is None:
            return node
        self.count += 1
        check = ast.Call(ast.Name("_check", ast.Load()), [node.value, expected], [])
        return ast.copy_location(ast.Expr(check), node)


def _comment(lines: list[str], statement: ast.Expr) -> ast.expr | None:
    assert statement.end_lineno is not None
    rest = lines[statement.end_lineno - 1][statement.end_col_offset or 0 :].strip()
    try:
        expected = ast.parse(rest.removeprefix("# "), mode="eval").body
        ast.literal_eval(expected)
    except (SyntaxError, ValueError):
        return None
    return expected


def _check(value: object, expected: object) -> None:
    assert value == expected
    assert repr(value) == repr(expected)


def _wait_for_replica(deployment: SentinelDeployment) -> None:
    deadline = time.monotonic() + 10
    while _offset(deployment.replicas[0], "slave_repl_offset") < _offset(deployment.primary, "master_repl_offset"):
        assert time.monotonic() < deadline


def _offset(node: ServerProcess, name: str) -> int:
    report = node.execute_command("INFO", "replication")
    return int(dict(line.split(":", 1) for line in report.split() if ":" in line)[name])
