"""The code of the documentation runs as it stands, against a real deployment.

The blocks of a file are one script. Ports are replaced by those of the deployment. Where a line ends with a comment that is a
Python literal, the line's value has to be equal to it.
"""

from __future__ import annotations

import ast
import inspect
import re
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from syncredis.testing import SentinelDeployment, ServerProcess

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = [
    path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if "```python" in path.read_text()
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def deployment() -> Iterator[SentinelDeployment]:
    with SentinelDeployment(replicas=1, sentinels=1, service_name="myredis") as started:
        yield started


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_blocks(path: Path, backend: str, deployment: SentinelDeployment) -> None:
    deployment.primary.execute_command("FLUSHALL")
    namespace: dict[str, object] = {
        "__name__": path.stem,
        "_check": _check,
        "_replicated": lambda: _wait_for_replica(deployment),
    }
    blocks = BLOCK.findall(path.read_text())
    assert blocks
    checked = 0
    for block in blocks:
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
