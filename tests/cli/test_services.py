"""``topology``, ``diagnose``, ``watch``, ``ping`` and ``bench`` on real deployments: what they say, in words and in JSON."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from syncredis.cli.main import main
from syncredis.testing import SentinelDeployment
from tests.cli.conftest import INTERRUPTED
from tests.fixtures.servers import BINARIES
from tests.fixtures.tls import Certificates

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]


class Ended(NamedTuple):
    """What became of a run."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ended]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command line in this process."""
    for name in ("NO_COLOR", "FORCE_COLOR", "SYNCREDIS_URL", "SYNCREDIS_PASSWORD", "SYNCREDIS_SENTINEL_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, **variables: str) -> Ended:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            status = main(arguments)
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def deployment(deployments: dict[str, SentinelDeployment]) -> SentinelDeployment:
    return deployments[sorted(BINARIES, reverse=True)[0]]


@pytest.fixture
def url(deployment: SentinelDeployment) -> str:
    return f"redis+sentinel://{deployment.sentinel_locations[0].target}/myredis"


#: Enough for a busy machine.
PATIENT = ("--timeout", "20")


# --- topology ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["80", "120"])
def test_topology(cli: Cli, url: str, deployment: SentinelDeployment, columns: str) -> None:
    status, out, err = cli("topology", url, *PATIENT, COLUMNS=columns)
    assert (status, err) == (0, "")
    assert "myredis   epoch 0, quorum 2 of 3, the Sentinels agree" in out
    assert re.search(rf"primary +{deployment.primary.location.target} .* 2 replicas", out)
    for replica in deployment.replicas:
        assert re.search(rf"replica +{replica.location.target} .* connected +\d", out)
    for location in deployment.sentinel_locations:
        assert re.search(rf"{location.target} +{deployment.primary.location.target} +0 +2 +2 +enough", out)
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "\x1b" not in out


def test_on_a_narrow_terminal_topology_and_bench_leave_out_what_has_no_room(
    cli: Cli, url: str, deployment: SentinelDeployment
) -> None:
    out = cli("topology", url, *PATIENT, COLUMNS="60").out
    assert "version" not in out
    for server in deployment.replicas:
        assert re.search(rf"replica +{server.location.target} +connected +\d", out)
    for location in deployment.sentinel_locations:
        assert re.search(rf"{location.target} +{deployment.primary.location.target} .*enough", out)
    out += cli("bench", url, *PATIENT, "--seconds", "0.02", "--threads", "2", "--tasks", "2", COLUMNS="60").out
    assert "99 %" in out
    assert max(map(len, out.splitlines())) <= 60


def test_topology_in_json(cli: Cli, url: str, deployment: SentinelDeployment) -> None:
    ended = cli("topology", url, *PATIENT, "--json")
    assert (ended.status, ended.err) == (0, "")
    host, port = deployment.primary.location
    assert ended.json["primary"]["location"] == {"host": host, "port": port}
    assert ended.json["agreed"] is True
    assert (ended.json["epoch"], ended.json["quorum"]) == (0, 2)
    assert len(ended.json["replicas"]) == 2
    assert len(ended.json["sentinels"]) == 3


def test_the_only_service_needs_no_name_and_no_scheme(cli: Cli, deployment: SentinelDeployment) -> None:
    target = deployment.sentinel_locations[0].target
    for given in (target, f"{target}/", f"redis+sentinel://{target}", f"{target}/myredis"):
        assert cli("topology", given, *PATIENT, "--json").json["service_name"] == "myredis"
    assert cli("topology", *PATIENT, "--json", SYNCREDIS_URL=target).json["service_name"] == "myredis"


def test_an_unknown_service(cli: Cli, deployment: SentinelDeployment) -> None:
    status, out, err = cli("topology", f"{deployment.sentinel_locations[0].target}/other", *PATIENT)
    assert (status, out) == (1, "")
    assert err.startswith("syncredis topology: error: no Sentinel can say where 'other' is")


@pytest.mark.parametrize("name", ["topology", "diagnose", "watch", "ping", "bench"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a URL, or set SYNCREDIS_URL"),
        (["redis+sentinel://h:x/mine"], "a host or a port can not be read"),
        (["redis+sentinel://h/mine", "--address-map", "a=b"], "--address-map a=b must be of the form"),
        (["redis+sentinel://h/mine", "--ca-cert", "/no/such/file"], "can not load ssl_ca_certs"),
        (["redis+sentinel://h/mine", "--username", "x"], "must be given together with a password"),
    ],
)
def test_arguments_that_make_no_sense(cli: Cli, name: str, arguments: list[str], words: str) -> None:
    status, out, err = cli(name, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"syncredis {name}: error: ")
    assert words in err


# --- diagnose --------------------------------------------------------------------------------------------


def test_diagnose(cli: Cli, url: str, deployment: SentinelDeployment) -> None:
    status, out, err = cli("diagnose", url, *PATIENT)
    assert (status, err) == (0, "")
    assert "myredis   1 note" in out
    assert f"{deployment.primary.location.target}: this primary would take writes even with no replica connected" in out
    assert cli("diagnose", url, *PATIENT, "--fail-on", "note").status == 1
    found = cli("diagnose", url, *PATIENT, "--json")
    assert found.status == 0
    assert found.json["well"] is True
    assert [finding["code"] for finding in found.json["findings"]] == ["isolated-primary-takes-writes"]


def test_diagnose_when_nobody_answers(cli: Cli) -> None:
    status, out, _ = cli("diagnose", "127.0.0.1:1/myredis", *PATIENT)
    assert status == 1
    assert "myredis   1 error" in out
    assert cli("diagnose", "127.0.0.1:1/myredis", *PATIENT, "--json").json["well"] is False


# --- ping and bench -------------------------------------------------------------------------------------


def test_ping(cli: Cli, url: str, deployment: SentinelDeployment) -> None:
    status, out, err = cli("ping", url, *PATIENT, "--count", "3", "--interval", "0")
    assert (status, err) == (0, "")
    assert out.count(f"{deployment.primary.location.target} (primary) answered within") == 3
    assert "3 of 3 answered; fastest " in out
    replicas = [node.location.target for node in deployment.replicas]
    answered = cli("ping", url, *PATIENT, "--role", "replica", "--count", "1", "--json").json
    assert (answered["sent"], answered["answered"]) == (1, 1)
    assert answered["answers"][0]["server"] in replicas
    one = cli("ping", f"redis://{deployment.primary.location.target}", *PATIENT, "--count", "1", "--json").json
    assert one["answers"][0]["server"] == deployment.primary.location.target


def test_ping_takes_a_service_without_a_scheme_and_says_what_a_single_server_needs(
    cli: Cli, deployment: SentinelDeployment
) -> None:
    sentinel, primary = deployment.sentinel_locations[0].target, deployment.primary.location.target
    for given in (sentinel, f"{sentinel}/myredis"):
        answered = cli("ping", given, *PATIENT, "--count", "1", "--json").json
        assert answered["answers"][0]["server"] == primary
    status, out, err = cli("ping", primary, *PATIENT)
    assert (status, out) == (2, "")
    assert err == (
        f"syncredis ping: error: {primary} is no Sentinel; ping and bench take redis://{primary}, for one server\n"
    )


def test_ping_when_nobody_answers(cli: Cli) -> None:
    status, out, _ = cli("ping", "redis://127.0.0.1:1", "--count", "2", "--interval", "0")
    assert status == 1
    assert out.count("can not connect to 127.0.0.1:1") == 2
    assert "0 of 2 answered\n" in out
    ended = cli("ping", "redis://127.0.0.1:1", "--count", "1", "--json")
    assert ended.status == 1
    assert ended.json["answers"][0]["error"]["type"] == "ConnectionError"


def test_bench(cli: Cli, url: str, deployment: SentinelDeployment) -> None:
    quick = ("--seconds", "0.02", "--threads", "2", "--tasks", "2")
    status, out, err = cli("bench", url, *PATIENT, *quick)
    assert (status, err) == (0, "")
    names = ["PING", "GET", "SET", "GET, 2 threads", "GET, 100 in a pipeline", "GET, 2 tasks (async)"]
    for name in names:
        assert re.search(rf"^ +{re.escape(name)} +[\d,]+ +[\d.]+ ms", out, re.MULTILINE), name
    assert deployment.primary.execute_command("KEYS", "syncredis:bench:*") == []
    measured = cli("bench", url, *PATIENT, *quick, "--role", "replica", "--json").json
    assert [one["name"] for one in measured["measurements"]] == [name for name in names if name != "SET"]
    assert measured["role"] == "replica"
    for one in measured["measurements"]:
        assert one["commands"] > 0
        assert 0 < one["median"] <= one["p95"] <= one["p99"] <= one["slowest"]


# --- watch -----------------------------------------------------------------------------------------------


def test_watch_for_a_while(cli: Cli, url: str, deployment: SentinelDeployment) -> None:
    status, out, err = cli("watch", url, *PATIENT, "--seconds", "0.1")
    assert (status, err) == (0, "")
    assert f"Watching 'myredis': its primary is {deployment.primary.location.target}." in out
    assert cli("watch", url, *PATIENT, "--seconds", "0.1", "--json").status == 0


@pytest.mark.parametrize("form", ["words", "json"])
def test_watch_says_at_once_that_the_primary_does_not_answer(cli: Cli, form: str) -> None:
    with SentinelDeployment(0, 1, server=NEWEST) as alone:
        alone.kill(alone.primary)
        target = alone.primary.location.target
        url = f"{alone.sentinel_locations[0].target}/myredis"
        ended = cli("watch", url, *PATIENT, "--seconds", "0.1", *(["--json"] if form == "json" else []))
    assert (ended.status, ended.err) == (0, "")
    if form == "json":
        first = json.loads(ended.out.splitlines()[0])
        assert (first["event"], first["error"]["type"]) == ("Watching", "ConnectionError")
    else:
        said = " ".join(ended.out.split())
        assert f"its primary is {target}, which does not answer: can not connect to {target}:" in said


@pytest.fixture
def own() -> Iterator[SentinelDeployment]:
    with SentinelDeployment(2, 3, server=NEWEST) as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("form", ["words", "json"])
def test_watch_a_failover(run: Callable[..., Any], own: SentinelDeployment, form: str) -> None:
    """And nothing more than an end to the lines comes of Ctrl-C."""
    as_json = form == "json"
    target = own.sentinel_locations[0].target
    program = run("watch", f"{target}/myredis", *PATIENT, *(["--json"] if as_json else []), **INTERRUPTED)
    first = program.read_until("atching")
    old = own.primary.location
    if as_json:
        assert json.loads(first)["primary"] == {"host": old.host, "port": old.port}
    else:
        assert f"its primary is {old.target}" in first
    own.kill(own.primary)
    line = program.read_until('"event": "PrimaryChanged"' if as_json else "The primary is ")
    new = json.loads(line)["new"]["port"] if as_json else int(re.findall(r"127.0.0.1:([0-9]+) now", line)[0])
    assert new in [replica.port for replica in own.replicas]
    program.interrupt(signal.SIGINT)
    status, _, err = program.finish()
    assert (status, err) == (0, "")


# --- passwords, TLS, other addresses --------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(certificates: Certificates) -> Iterator[SentinelDeployment]:
    """TLS everywhere, and passwords for both."""
    binary = next((binary for binary in BINARIES.values() if binary.has_tls), None)
    if binary is None:
        pytest.skip("no server of this machine speaks TLS")
    tls = certificates.directives(certificates.server, clients_verified=True)
    with SentinelDeployment(
        1, 1, server=binary, down_after=30.0, password="of servers", sentinel_password="of Sentinels", tls=tls
    ) as started:
        yield started


def test_passwords_and_tls(cli: Cli, guarded: SentinelDeployment, certificates: Certificates) -> None:
    url = f"redis+sentinel://{guarded.sentinel_locations[0].target}/myredis"
    pair = certificates.client
    tls = ("--ca-cert", certificates.authority, "--cert", pair.certificate, "--key", pair.key)
    passwords = {"SYNCREDIS_PASSWORD": "of servers", "SYNCREDIS_SENTINEL_PASSWORD": "of Sentinels"}
    for name, *more in (("topology",), ("ping", "--count", "1"), ("diagnose", "--fail-on", "error")):
        ended = cli(name, url, *PATIENT, *tls, *more, **passwords)
        assert (ended.status, ended.err) == (0, ""), ended.out
        assert "of servers" not in ended.out
    assert (
        cli(
            "ping",
            url,
            *PATIENT,
            *tls,
            "--count",
            "1",
            REDISCLI_AUTH="of servers",
            SYNCREDIS_SENTINEL_PASSWORD="of Sentinels",
        ).status
        == 0
    )
    ended = cli("diagnose", url, *PATIENT, *tls, "--json", SYNCREDIS_SENTINEL_PASSWORD="of Sentinels")
    assert "server-refuses" in [finding["code"] for finding in ended.json["findings"]]
    ended = cli("diagnose", url, *PATIENT, "--json", **passwords)
    assert [finding["code"] for finding in ended.json["findings"]] == ["sentinel-unreachable"]


def test_an_address_map(cli: Cli, url: str, deployment: SentinelDeployment) -> None:
    moved = f"{deployment.primary.location.target}=localhost:{deployment.primary.port}"
    seen = cli("topology", url, *PATIENT, "--address-map", moved, "--json").json
    assert seen["primary"]["location"] == {"host": "localhost", "port": deployment.primary.port}
    assert seen["sentinels"][0]["announced"] == {"host": "127.0.0.1", "port": deployment.primary.port}


def test_rich_is_not_needed_for_json(run: Callable[..., Any], env: dict[str, str], url: str, tmp_path: Any) -> None:
    (tmp_path / "rich.py").write_text('raise ModuleNotFoundError("No module named \'rich\'", name="rich")')
    path = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    assert run("topology", url, *PATIENT, "--json", PYTHONPATH=path).finish()[0] == 0
    status, _, err = run("topology", url, *PATIENT, PYTHONPATH=path).finish()
    assert status == 2
    assert 'pip install "syncredis[cli]"' in err
