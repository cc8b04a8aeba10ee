"""`ensure_replication` and `ensure_persistence`: writes that count only when replicas or disks have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from syncredis import ConfigurationError, OutcomeUnknownError, Redis, ResponseError, UnconfirmedWriteError
from syncredis.exceptions import WrongTypeError
from syncredis.testing import SentinelDeployment, ServerProcess
from syncredis.transport import Transport
from tests.fixtures.peer import Peer, politely

LONG, SHORT = 60.0, 0.02


@pytest.fixture
def primary(deployment: SentinelDeployment) -> ServerProcess:
    """A primary with two replicas."""
    deployment.primary.execute_command("FLUSHALL")
    return deployment.primary


def test_replicas_have_what_was_written(
    deployment: SentinelDeployment, primary: ServerProcess, connect: Callable[..., Any]
) -> None:
    with connect(primary).ensure_replication(2, timeout=LONG) as durable:
        for number in range(20):
            assert durable.set("k", number) is True
            for replica in deployment.replicas:
                assert replica.execute_command("GET", "k") in (str(number), str(number).encode())
        assert durable.get("k") == "19"


def test_a_write_that_is_not_confirmed_was_made_all_the_same(
    primary: ServerProcess, connect: Callable[..., Any]
) -> None:
    client = connect(primary)
    durable = client.ensure_replication(3, timeout=SHORT)
    with pytest.raises(UnconfirmedWriteError, match=r"[012] of 3 replicas") as raised:
        durable.incrby("n", 5)
    assert raised.value.reply == 5
    assert client.get("n") == "5"


@pytest.mark.parametrize("transaction", [True, False])
def test_a_pipeline_is_confirmed_as_a_whole(
    primary: ServerProcess, connect: Callable[..., Any], transaction: bool
) -> None:
    client = connect(primary)
    pipeline = client.ensure_replication(2, timeout=LONG).pipeline(transaction)
    pipeline.set("k", "v")
    pipeline.get("k")
    assert pipeline.execute() == [True, "v"]
    pipeline = client.ensure_replication(3, timeout=SHORT).pipeline(transaction)
    first = pipeline.incr("n")
    pipeline.get("n")
    with pytest.raises(UnconfirmedWriteError) as raised:
        pipeline.execute()
    assert raised.value.reply == [1, "1"]
    assert first.value == 1


def test_a_watched_transaction_is_confirmed(primary: ServerProcess, connect: Callable[..., Any]) -> None:
    with connect(primary).ensure_replication(3, timeout=SHORT).pipeline() as pipeline:
        pipeline.watch("k")
        pipeline.set("k", 1)
        with pytest.raises(UnconfirmedWriteError):
            pipeline.execute()


def test_an_error_of_the_command_goes_first(primary: ServerProcess, connect: Callable[..., Any]) -> None:
    client = connect(primary)
    client.set("text", "v")
    durable = client.ensure_replication(3, timeout=SHORT)
    with pytest.raises(WrongTypeError):
        durable.lpush("text", 1)
    pipeline = durable.pipeline(transaction=False)
    pipeline.lpush("text", 1)
    with pytest.raises(WrongTypeError):
        pipeline.execute()


def test_commands_that_wait_scripts_and_locks(primary: ServerProcess, connect: Callable[..., Any]) -> None:
    client = connect(primary)
    durable = client.ensure_replication(2, timeout=LONG)
    assert durable.rpush("list", "a") == 1
    assert durable.blpop("list", 1) == ("list", "a")
    assert durable.eval("return redis.call('INCR', KEYS[1])", 1, "n") == 1
    with durable.lock("lock", timeout=LONG):
        assert client.exists("lock") == 1
    assert client.exists("lock") == 0


def test_both_at_once(primary: ServerProcess, connect: Callable[..., Any]) -> None:
    if primary.binary.version < (7, 2):
        pytest.skip("WAITAOF came with Redis 7.2")
    client = connect(primary)
    durable = client.ensure_replication(2, timeout=LONG).ensure_persistence(local=True, timeout=SHORT)
    # Nothing is on disk: this server has no append-only file.
    with pytest.raises(UnconfirmedWriteError, match="appendonly is disabled") as raised:
        durable.set("k", "v")
    assert isinstance(raised.value.__cause__, ResponseError)
    assert client.get("k") == "v"


def test_what_was_written_is_on_disk(start: Callable[..., ServerProcess], connect: Callable[..., Any]) -> None:
    server = start(config={"appendonly": "yes", "appendfsync": "everysec"})
    client = connect(server)
    with client.ensure_persistence(timeout=LONG) as durable:
        if server.binary.version >= (7, 2):
            assert durable.set("k", "v") is True
            with pytest.raises(UnconfirmedWriteError, match="0 of 1 disks of replicas"):
                client.ensure_persistence(replicas=1, timeout=SHORT).set("k", "w")
        else:
            with pytest.raises(UnconfirmedWriteError, match="unknown command"):
                durable.set("k", "v")
    assert client.ping()


# --- what is sent ----------------------------------------------------------------------------------------


def confirming(words: Sequence[bytes]) -> bytes:
    return b":1\r\n" if words[0] == b"WAIT" else politely(words)


def test_the_question_follows_the_write_on_the_same_connection(peer: Peer, connect: Callable[..., Any]) -> None:
    peer.answer = confirming
    durable = connect(peer.location).ensure_replication(1, timeout=1.5)
    durable.set("k", "v")
    assert peer.received == [[b"SET", b"k", b"v"], [b"WAIT", b"1", b"1500"]]
    assert peer.accepted == 1


def test_what_only_reads_asks_nothing(peer: Peer, connect: Callable[..., Any]) -> None:
    durable = connect(peer.location).ensure_replication()
    assert durable.echo("x") == "x"
    pipeline = durable.pipeline(transaction=False)
    pipeline.ping()
    assert pipeline.execute() == [True]
    assert peer.received == [[b"ECHO", b"x"], [b"PING"]]


def test_a_write_is_not_repeated_for_want_of_an_answer(peer: Peer, connect: Callable[..., Any]) -> None:
    def answer(words: Sequence[bytes]) -> bytes:
        if words[0] == b"WAIT":
            peer.drop_all()
            return b""
        return politely(words)

    peer.answer = answer
    with pytest.raises(OutcomeUnknownError):
        connect(peer.location).ensure_replication().set("k", "v")
    assert [words[0] for words in peer.received] == [b"SET", b"WAIT"]


def test_a_connection_is_as_patient_as_need_be(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[float | None] = []
    apply = Transport._apply_timeout

    def note(stream: Transport) -> None:
        applied.append(stream._timeout)
        apply(stream)

    peer.answer = confirming
    with Redis(*peer.location, stream_timeout=30) as client:
        client.ping()
        monkeypatch.setattr(Transport, "_apply_timeout", note)
        client.ensure_replication(timeout=2).set("k", "v")
        client.ensure_replication(timeout=None).set("k", "v")
        pipeline = client.pipeline(transaction=False)
        pipeline.wait(1, 3000)
        pipeline.wait(1, 4000)
        pipeline.execute()
    assert applied == [32, 30, None, 30, 37, 30]


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"replicas": 0}, "replicas=0 must be a number from 1 on"),
        ({"replicas": True}, "replicas=True"),
        ({"replicas": "1"}, "replicas='1'"),
        ({"timeout": 0}, "timeout=0 must be a positive number of seconds"),
        ({"timeout": "1"}, "timeout='1'"),
        ({"timeout": float("nan")}, "timeout=nan"),
    ],
)
def test_numbers_that_make_no_sense(options: dict[str, Any], refusal: str) -> None:
    with pytest.raises(ConfigurationError, match=refusal):
        Redis().ensure_replication(**options)


def test_persistence_somewhere() -> None:
    with pytest.raises(ConfigurationError, match="local or replicas"):
        Redis().ensure_persistence(local=False)
    with pytest.raises(ConfigurationError, match="replicas=-1"):
        Redis().ensure_persistence(replicas=-1)
