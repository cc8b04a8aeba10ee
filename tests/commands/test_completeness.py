"""Every command that the servers list has a method, on every surface."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from syncredis import Redis
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.calls import SURFACES, call_of, command_methods, command_names

#: Commands without a method of their name, by pattern, and why.
EXCEPTIONS = {
    # Have their place elsewhere:
    "*SUBSCRIBE": "PubSub",
    "DISCARD": "Pipeline",
    "EXEC": "Pipeline",
    "MONITOR": "Monitor",
    "MULTI": "Pipeline",
    "UNWATCH": "Pipeline",
    "WATCH": "Pipeline",
    # Would make one connection of the pool unlike the others:
    "AUTH": "the client's username and password",
    "CLIENT CACHING": "belongs to tracking",
    "CLIENT CAPA": "changes what a connection may be answered",
    "CLIENT IMPORT-SOURCE": "changes what a connection may do",
    "CLIENT REPLY": "without replies a connection is out of step",
    "CLIENT TRACKING": "turns pushes on, which nobody would read",
    "QUIT": "the client's close()",
    "RESET": "undoes the handshake",
    "SCRIPT DEBUG": "turns a connection into a debugger's",
    "SELECT": "the client's db",
    # Cluster mode is no matter of this library:
    "ASKING": "cluster",
    "CLUSTER": "cluster",
    "CLUSTER *": "cluster",
    "CLUSTERSCAN": "cluster",
    "READONLY": "cluster",
    "READWRITE": "cluster",
    "RESTORE-ASKING": "cluster",
    # What servers and their makers say to each other:
    "HOST:": "a trap for HTTP requests",
    "PFDEBUG": "for tests of the server itself",
    "PFSELFTEST": "for tests of the server itself",
    "POST": "a trap for HTTP requests",
    "PSYNC": "replication",
    "REPLCONF": "replication",
    "SYNC": "replication",
    # The rest:
    "* HELP": "for people at a terminal, who have redis-cli",
    "SHUTDOWN": "a server that obeys does not answer, which is no success that a client could tell from a failure",
    "SLAVEOF": "REPLICAOF in old words",
    "STRALGO": "Redis 6.2 alone has it; LCS came in its place",
}


def listed(server: ServerProcess) -> set[str]:
    """The names of the commands that a server has; of those with subcommands only these."""
    with Redis(*server.location) as client:
        names = set(_names(client.command()))
        if server.binary.version >= (7,):
            assert set(_names(client.command_docs())) == names
        return names


def _names(table: Any) -> Iterator[str]:
    for name, row in table.items():
        yield from _names(row.get("subcommands")) if row.get("subcommands") else [name.upper().replace("|", " ")]


def as_method(name: str) -> str:
    """What a method of the command's own name is called, in upper case."""
    return name.replace(" ", "_").replace("-", "_")


def missing(names: set[str], on_surface: set[str]) -> list[str]:
    """Those commands that have no method, and no excuse."""
    without = {name for name in names if name not in on_surface and as_method(name) not in on_surface}
    return sorted(name for name in without if not any(fnmatchcase(name, pattern) for pattern in EXCEPTIONS))


@pytest.fixture(scope="module", params=sorted(SURFACES))
def on_surface(request: pytest.FixtureRequest) -> set[str]:
    """The names of the commands that a surface has methods for: those that they send, and those that they are called by."""
    make = SURFACES[request.param]
    found: set[str] = set()
    for method in command_methods():
        found |= {method.upper(), *command_names(make(method, call_of(method)))}
    return found


def test_every_command_of_a_server(server: ServerProcess, on_surface: set[str]) -> None:
    names = listed(server)
    assert len(names) > 200
    assert missing(names, on_surface) == []


def test_every_command_of_a_sentinel(deployment: SentinelDeployment, on_surface: set[str]) -> None:
    names = listed(deployment.sentinels[0])
    assert "SENTINEL MASTERS" in names or deployment.sentinels[0].binary.version < (7,)
    assert missing(names, on_surface) == []


def test_every_exception_is_needed(servers: dict[str, ServerProcess]) -> None:
    if len(servers) < 3:
        pytest.skip("some exceptions are for a server that this machine does not have")
    methods = {name.upper() for name in command_methods()}
    without = {name for server in servers.values() for name in listed(server) if as_method(name) not in methods}
    needless = [pattern for pattern in EXCEPTIONS if not any(fnmatchcase(name, pattern) for name in without)]
    assert needless == []


# --- whether each method is tried out ---------------------------------------------------------------------

#: What the tests beside this file call their clients. Those come on every surface, with RESP2 and RESP3.
CLIENTS = {
    "admin",
    "alone",
    "client",
    "consumer",
    "lex",
    "made",
    "one",
    "other",
    "own",
    "primary",
    "raw",
    "replica",
    "sentinel",
    "target",
    "two",
    "user",
    "z",
}

#: Methods for commands that no server of these tests has: what they send is looked at in tests/unit/test_command_methods.py.
REDIS_8_ONLY = {
    "blmovem",
    "delex",
    "digest",
    "increx",
    "lmovem",
    "sdiffcard",
    "sunioncard",
    "xackdel",
    "xcfgset",
    "xdelex",
    "xnack",
}


def tried_out(source: str) -> set[str]:
    """The names of the methods that a module of tests calls on a client, be it by name through `getattr`."""
    tree = list(ast.walk(ast.parse(source)))
    calls = [node.func for node in tree if isinstance(node, ast.Call)]
    found = {call.attr for call in calls if isinstance(call, ast.Attribute) and ast.unparse(call.value) in CLIENTS}
    if any(ast.unparse(call) == "getattr" for call in calls):
        found |= {node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found


def test_every_method_is_tried_out_on_a_server() -> None:
    here = Path(__file__).parent
    found = {name for path in here.glob("test_*.py") if path != Path(__file__) for name in tried_out(path.read_text())}
    missing = set(command_methods()) - found
    assert missing == REDIS_8_ONLY


def test_methods_for_other_servers_are_looked_at_all_the_same() -> None:
    source = (Path(__file__).parent.parent / "unit" / "test_command_methods.py").read_text()
    named = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert named >= REDIS_8_ONLY
