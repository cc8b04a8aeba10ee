"""The connection breaks at every byte of a request and of its reply; the server's counters say what has happened.

Whatever the client reports has to agree with them: a value means that everything was carried out once, `not_applied` that
nothing was, and `OutcomeUnknownError` that nobody can know. Nothing is ever carried out twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from syncredis import ConnectionError, OutcomeUnknownError, Redis
from syncredis.exceptions import DecodeError, ProtocolError, TimeoutError
from syncredis.testing import Fault, FaultProxy
from tests.fixtures.ledger import Ledger

Connect = Callable[..., Any]

KEYS = ("a", "b", "c")


@dataclass(frozen=True)
class Exchange:
    """What is sent, and how it counts: ``run`` adds one to each of the first ``counters`` keys, by whole requests."""

    run: Callable[[Any], Any]
    counters: int
    value: Any
    is_one: bool = False


def pipeline(client: Any, *, transaction: bool) -> Any:
    with client.pipeline(transaction=transaction) as queue:
        for key in KEYS:
            queue.execute_command("INCR", key)
        return queue.execute()


EXCHANGES = {
    "command": Exchange(lambda client: client.execute_command("INCR", "a"), 1, 1),
    "pipeline": Exchange(lambda client: pipeline(client, transaction=False), 3, [1, 1, 1]),
    "transaction": Exchange(lambda client: pipeline(client, transaction=True), 3, [1, 1, 1], is_one=True),
    "script": Exchange(
        lambda client: client.execute_command("EVAL", "return redis.call('INCR', KEYS[1])", 1, "a"), 1, 1
    ),
}


@pytest.fixture(params=EXCHANGES)
def exchange(request: pytest.FixtureRequest) -> Exchange:
    return EXCHANGES[request.param]


class Trial:
    """Runs an exchange under faults, again and again, and compares what is said with what was done."""

    def __init__(
        self, exchange: Exchange, connect: Connect, proxy: FaultProxy, direct: Redis[str], ledger: Ledger
    ) -> None:
        self.outcomes: list[str] = []
        self._exchange = exchange
        self._connect = connect
        self._proxy = proxy
        self._direct = direct
        self._ledger = ledger

    def sizes(self, *, fresh: bool) -> tuple[int, int]:
        """How many bytes the exchange sends and gets, with the handshake if it is to be the first on its connection."""
        client = self._client(fresh=fresh)
        before = self._proxy.bytes_to_server, self._proxy.bytes_to_client
        self._exchange.run(client)
        sizes = self._proxy.bytes_to_server - before[0], self._proxy.bytes_to_client - before[1]
        client.close()
        self._proxy.wait_until_idle()
        return sizes

    def run(self, *, fresh: bool = False, to_server: Fault | None = None, to_client: Fault | None = None) -> list[int]:
        """Run the exchange once under a fault; return how often each of its parts was carried out."""
        self._direct.delete(*KEYS)
        client = self._client(fresh=fresh)
        if to_server:
            self._proxy.to_server = to_server
        if to_client:
            self._proxy.to_client = to_client
        value, error = None, None
        try:
            value = self._exchange.run(client)
        except ConnectionError as raised:
            error = raised
        client.close()
        self._proxy.heal()
        self._proxy.wait_until_idle()
        carried_out = [int(count or 0) for count in self._direct.mget(KEYS)][: self._exchange.counters]
        self._ledger.note(
            operations=1,
            faults=1,
            wrong_replies=error is None and value != self._exchange.value,
            double_writes=max(carried_out) > 1,
        )
        self._check(value, error, carried_out)
        return carried_out

    def _client(self, *, fresh: bool) -> Any:
        client = self._connect(stream_timeout=20)
        if not fresh:
            client.execute_command("PING")
        return client

    def _check(self, value: Any, error: ConnectionError | None, carried_out: list[int]) -> None:
        assert max(carried_out) <= 1, "never twice"
        if self._exchange.is_one:
            assert len(set(carried_out)) == 1, "all or nothing"
        if error is None:
            assert value == self._exchange.value
            assert min(carried_out) == 1, "a value means that it was done"
            self.outcomes.append("done")
        elif error.not_applied:
            assert max(carried_out) == 0, "not_applied means that nothing was done"
            self.outcomes.append("not done")
        else:
            assert isinstance(error, OutcomeUnknownError)
            self.outcomes.append("unknown")


@pytest.fixture
def trial(exchange: Exchange, connect: Connect, proxy: FaultProxy, direct: Redis[str], ledger: Ledger) -> Trial:
    return Trial(exchange, connect, proxy, direct, ledger)


def test_at_every_byte_of_a_request(trial: Trial, exchange: Exchange) -> None:
    """What arrived in full was carried out; the client can not know how much that is."""
    size, _ = trial.sizes(fresh=False)
    results = [trial.run(to_server=Fault(cut_after=count)) for count in range(size + 1)]
    assert results[0] == [0] * exchange.counters
    assert results[-2] == [0] * exchange.counters if exchange.is_one else results[-2][-1] == 0, "a byte was missing"
    assert results[-1] == [1] * exchange.counters
    assert results == sorted(results), "the more arrives, the more is carried out"
    assert set(trial.outcomes) == {"unknown"}


def test_at_every_byte_of_a_reply(trial: Trial, exchange: Exchange) -> None:
    """It was carried out; the client knows if the whole reply has arrived."""
    _, size = trial.sizes(fresh=False)
    results = [trial.run(to_client=Fault(cut_after=count)) for count in range(size + 1)]
    assert results == [[1] * exchange.counters] * (size + 1)
    assert trial.outcomes == ["unknown"] * size + ["done"]


def test_at_every_byte_of_a_new_connection(trial: Trial) -> None:
    """Within the handshake nothing was done, and the call goes through on another connection."""
    to_server, to_client = trial.sizes(fresh=True)
    bare_to_server, bare_to_client = trial.sizes(fresh=False)
    for count in range(0, to_server + 1, 3):
        trial.run(fresh=True, to_server=Fault(cut_after=count))
        assert trial.outcomes[-1] == "done" if count < to_server - bare_to_server else True
    for count in range(0, to_client + 1, 3):
        trial.run(fresh=True, to_client=Fault(cut_after=count))
        assert trial.outcomes[-1] == "done" if count < to_client - bare_to_client else True


def test_resets_at_every_byte(trial: Trial) -> None:
    """A reset may destroy what was on its way: what was done varies, what is said still agrees with it."""
    to_server, to_client = trial.sizes(fresh=False)
    for count in range(to_server + 1):
        trial.run(to_server=Fault(cut_after=count, reset=True))
    for count in range(to_client + 1):
        trial.run(to_client=Fault(cut_after=count, reset=True))
    assert {"unknown", "done"} >= set(trial.outcomes)


def test_corruption_at_every_byte(connect: Connect, proxy: FaultProxy, direct: Redis[str], ledger: Ledger) -> None:
    """A byte of a reply's frame that is not what it should be ends the connection; no reply comes out of it."""
    direct.set("k", "value")
    client = connect(stream_timeout=0.5)
    for offset in range(len(b"$5\r\nvalue\r\n")):
        client.execute_command("PING")
        proxy.to_client = Fault(corrupt_at=offset)
        got: Any = None
        with suppress(ProtocolError, TimeoutError, DecodeError):
            got = client.execute_command("GET", "k")
        ledger.note(operations=1, faults=1, wrong_replies=got not in (None, "value"))
        assert got in (None, "value")
        assert client.execute_command("ECHO", "next") == "next"


def test_reads_at_every_byte(connect: Connect, proxy: FaultProxy, direct: Redis[str], ledger: Ledger) -> None:
    """They change nothing, so they are repeated, and nobody notices."""
    direct.set("k", "value")
    client = connect()
    for count in range(len(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")):
        client.execute_command("PING")
        proxy.to_server = Fault(cut_after=count)
        assert client.execute_command("GET", "k") == "value"
        ledger.note(operations=1, faults=1)
    for count in range(len(b"$5\r\nvalue\r\n")):
        client.execute_command("PING")
        proxy.to_client = Fault(cut_after=count)
        assert client.execute_command("GET", "k") == "value"
        ledger.note(operations=1, faults=1)
    assert proxy.struck == count + 1 + 20
