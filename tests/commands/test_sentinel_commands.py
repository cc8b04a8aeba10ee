"""The commands of Sentinels, on real ones."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from typing import Any, get_type_hints

import pytest

from syncredis import DataError, Location, Redis, ResponseError
from syncredis.commands.sentinel_replies import (
    DownView,
    PrimaryState,
    ReplicaState,
    SentinelState,
    to_down_view,
    to_info_cache,
    to_pending_script,
    to_state,
)
from syncredis.testing import SentinelDeployment, ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface

PATIENCE = 20.0
NAME = "myredis"
NOWHERE = ("127.0.0.1", 1)


@pytest.fixture(scope="module")
def started() -> Iterator[Callable[[ServerBinary], SentinelDeployment]]:
    """Starts a small deployment of each kind. What its Sentinels notify of events fails, and is to be tried again."""
    script = f"notification-script {NAME} {shutil.which('false')}"
    with ExitStack() as stack:

        @cache
        def start(binary: ServerBinary) -> SentinelDeployment:
            given = SentinelDeployment(1, 2, server=binary, down_after=30.0, sentinel_config={"sentinel": [script]})
            return stack.enter_context(given)

        yield start


@pytest.fixture
def deployment(started: Callable[[ServerBinary], SentinelDeployment], binary: ServerBinary) -> SentinelDeployment:
    return started(binary)


@pytest.fixture
def sentinel(deployment: SentinelDeployment, surface: Surface, protocol: int) -> Iterator[Any]:
    """A client of the deployment's first Sentinel. It returns bytes, so that what comes as text does so for all."""
    client = surface.Redis(*deployment.sentinel_locations[0], protocol=protocol, decode_responses=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def hermits() -> Iterator[Callable[[ServerBinary], ServerProcess]]:
    """Starts a Sentinel of each kind that watches nothing."""
    with ExitStack() as stack:

        @cache
        def start(binary: ServerBinary) -> ServerProcess:
            return stack.enter_context(ServerProcess(binary, sentinel=True))

        yield start


@pytest.fixture
def hermit(hermits: Callable[[ServerBinary], ServerProcess], binary: ServerBinary) -> ServerProcess:
    return hermits(binary)


@pytest.fixture
def alone(hermit: ServerProcess, surface: Surface, protocol: int) -> Iterator[Any]:
    """A client of a Sentinel that watches nothing."""
    client = surface.Redis(*hermit.location, protocol=protocol)
    yield client
    for name in client.sentinel_masters():
        client.sentinel_remove(name)
    client.close()


def eventually(ask: Callable[[], Any], condition: Callable[[Any], bool]) -> Any:
    """Return the first answer that meets the condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition(answer := ask()):
        assert time.monotonic() < deadline, answer
    return answer


def is_as_declared(state: dict[str, Any], kind: Any) -> bool:
    hints = get_type_hints(kind)
    assert kind.__required_keys__ <= set(state)
    assert [name for name, value in state.items() if type(value) is not hints[name]] == []
    return True


# --- services: where they are and how they are -------------------------------------------------------


def test_enough_sentinels_for_a_failover(sentinel: Any, alone: Any) -> None:
    assert sentinel.sentinel_ckquorum(NAME) is True
    alone.sentinel_monitor("spare", *NOWHERE, 2)
    with pytest.raises(ResponseError, match="NOQUORUM"):
        alone.sentinel_ckquorum("spare")


def test_where_the_primary_is(sentinel: Any, deployment: SentinelDeployment) -> None:
    found = sentinel.sentinel_get_master_addr_by_name(NAME)
    assert isinstance(found, Location)
    assert found == deployment.current_primary().location
    assert sentinel.sentinel_get_primary_addr_by_name(NAME) == found
    assert sentinel.sentinel_get_master_addr_by_name("nosuch") is None


def test_the_state_of_a_primary(sentinel: Any, deployment: SentinelDeployment) -> None:
    state = sentinel.sentinel_master(NAME)
    assert is_as_declared(state, PrimaryState)
    host, port = deployment.current_primary().location
    expected = {
        "name": NAME,
        "ip": host,
        "port": port,
        "flags": "master",
        "num-slaves": 1,
        "num-other-sentinels": 1,
        "quorum": 2,
        "down-after-milliseconds": 30_000,
        "is_master": True,
        "is_slave": False,
        "is_sdown": False,
    }
    assert state | expected == state
    with pytest.raises(ResponseError, match="No such master"):
        sentinel.sentinel_master("nosuch")


def test_the_states_of_all_primaries(sentinel: Any, alone: Any) -> None:
    states = sentinel.sentinel_masters()
    assert list(states) == [NAME]
    assert is_as_declared(states[NAME], PrimaryState)
    assert states[NAME]["num-slaves"] == 1
    assert alone.sentinel_masters() == {}


def test_the_states_of_replicas(sentinel: Any, deployment: SentinelDeployment) -> None:
    (state,) = sentinel.sentinel_replicas(NAME)
    assert is_as_declared(state, ReplicaState)
    (replica,) = deployment.current_replicas()
    assert (state["ip"], state["port"]) == replica.location
    assert (state["master-host"], state["master-port"]) == deployment.current_primary().location
    assert (state["slave-priority"], state["master-link-status"]) == (100, "ok")
    assert (state["is_slave"], state["is_master"], state["is_disconnected"]) == (True, False, False)
    (by_old_name,) = sentinel.sentinel_slaves(NAME)
    assert by_old_name["runid"] == state["runid"]


def test_the_states_of_other_sentinels(sentinel: Any, deployment: SentinelDeployment) -> None:
    (state,) = sentinel.sentinel_sentinels(NAME)
    assert is_as_declared(state, SentinelState)
    assert (state["ip"], state["port"]) == deployment.sentinel_locations[1]
    assert (state["is_sentinel"], state["is_master"]) == (True, False)


def test_the_words_of_today(sentinel: Any) -> None:
    assert sentinel.sentinel_primary(NAME)["runid"] == sentinel.sentinel_master(NAME)["runid"]
    assert list(sentinel.sentinel_primaries()) == [NAME]


def test_numbers_and_flags_of_a_state() -> None:
    words = "name 12 ip 34 port 56 runid 78 flags master,s_down,o_down,disconnected,master_down slave-repl-offset -1"
    assert to_state([*words.split(), "anything", "more"]) == {
        "name": "12",
        "ip": "34",
        "port": 56,
        "runid": "78",
        "flags": "master,s_down,o_down,disconnected,master_down",
        "slave-repl-offset": -1,
        "anything": "more",
        "is_master": True,
        "is_slave": False,
        "is_sdown": True,
        "is_odown": True,
        "is_sentinel": False,
        "is_disconnected": True,
        "is_master_down": True,
    }


def test_what_servers_told_the_sentinel(sentinel: Any) -> None:
    primary, replica = sentinel.sentinel_info_cache(NAME, "nosuch")[NAME]
    assert isinstance(primary.age, int)
    assert (primary.info["role"], primary.info["connected_slaves"], replica.info["role"]) == ("master", 1, "slave")
    assert sentinel.sentinel_info_cache("nosuch") == {}
    assert to_info_cache(["a", [[0, None]]]) == {"a": [(0, None)]}
    with pytest.raises(DataError, match="args must hold at least one"):
        sentinel.sentinel_info_cache()


def test_whether_a_primary_is_down(sentinel: Any, deployment: SentinelDeployment, alone: Any) -> None:
    assert sentinel.sentinel_is_master_down_by_addr(*deployment.current_primary().location).down is False
    alone.sentinel_monitor("spare", *NOWHERE, 2)
    alone.sentinel_set("spare", "down-after-milliseconds", 1)
    answer = eventually(lambda: alone.sentinel_is_primary_down_by_addr(*NOWHERE), lambda answer: answer.down)
    assert answer == DownView(down=True, leader=None, leader_epoch=0)
    state = alone.sentinel_master("spare")
    assert (state["is_sdown"], state["is_odown"]) == (True, False)
    assert is_as_declared(state, PrimaryState)


def test_a_vote(alone: Any) -> None:
    alone.sentinel_monitor("spare", *NOWHERE, 2)
    assert alone.sentinel_is_master_down_by_addr(*NOWHERE, 7, "f" * 40) == DownView(False, "f" * 40, 7)
    assert alone.sentinel_is_primary_down_by_addr(*NOWHERE, 7, "a" * 40).leader == "f" * 40
    assert to_down_view([1, "*", 0]) == DownView(True, None, 0)


# --- services: what is watched, and how ---------------------------------------------------------------


def test_a_service_is_watched_until_it_is_removed(alone: Any) -> None:
    assert alone.sentinel_monitor("spare", *NOWHERE, 3) is True
    assert alone.sentinel_get_master_addr_by_name("spare") == NOWHERE
    assert alone.sentinel_master("spare")["quorum"] == 3
    assert alone.sentinel_remove("spare") is True
    assert alone.sentinel_masters() == {}
    with pytest.raises(ResponseError, match="No such master"):
        alone.sentinel_remove("spare")


def test_how_a_service_is_watched_is_changed(alone: Any) -> None:
    alone.sentinel_monitor("spare", *NOWHERE, 3)
    assert alone.sentinel_set("spare", "quorum", 4) is True
    assert alone.sentinel_set("spare", "parallel-syncs", 5, "down-after-milliseconds", "6000") is True
    state = alone.sentinel_master("spare")
    assert (state["quorum"], state["parallel-syncs"], state["down-after-milliseconds"]) == (4, 5, 6000)
    with pytest.raises(DataError, match="value for each option"):
        alone.sentinel_set("spare", "quorum", 4, "parallel-syncs")


def test_services_are_reset(alone: Any, hermit: ServerProcess) -> None:
    for name in ("spare", "sparse", "other"):
        alone.sentinel_monitor(name, *NOWHERE, 1)
    with socket.create_connection(hermit.location, PATIENCE) as listener, listener.makefile("rb") as events:
        listener.sendall(b"SUBSCRIBE +reset-master\r\n")
        assert [events.readline() for _ in range(6)][-1] == b":1\r\n"
        assert alone.sentinel_reset("spa*") == 2
        told = {[events.readline() for _ in range(7)][-1] for _ in range(2)}
    assert told == {f"master {name} 127.0.0.1 1\r\n".encode() for name in ("spare", "sparse")}
    assert alone.sentinel_reset("nosuch") == 0


def test_a_failover_needs_a_replica(alone: Any) -> None:
    alone.sentinel_monitor("spare", *NOWHERE, 1)
    with pytest.raises(ResponseError, match="NOGOODSLAVE"):
        alone.sentinel_failover("spare")


@pytest.mark.parametrize(
    "coordinated", [False, pytest.param(True, marks=pytest.mark.since(valkey="9.0"))], ids=["forced", "coordinated"]
)
def test_a_failover(binary: ServerBinary, coordinated: bool) -> None:
    # The old primary hands over in its own time: a Sentinel without patience takes the new one for down, and switches back.
    with SentinelDeployment(1, 1, server=binary, down_after=30.0) as own, Redis(*own.sentinel_locations[0]) as client:
        assert client.sentinel_failover(NAME, coordinated) is True
        state = client.sentinel_master(NAME)
        assert isinstance(state["failover-state"], str)
        assert ("coordinated_failover" in state["flags"].split(",")) is coordinated
        new = own.wait_for_failover(own.primary)
        assert client.sentinel_get_master_addr_by_name(NAME) == new.location == own.replicas[0].location


# --- the Sentinel itself ------------------------------------------------------------------------------


def test_settings(alone: Any, sentinel: Any) -> None:
    settings = sentinel.sentinel_config_get()
    assert settings | {"announce-ip": "", "announce-port": "0", "resolve-hostnames": "no"} == settings
    assert alone.sentinel_config_set("announce-port", 7000) is True
    assert alone.sentinel_config_get("announce-port") == {"announce-port": "7000"}
    assert alone.sentinel_config_set("announce-port", "0") is True
    assert alone.sentinel_config_get("nosuch") == {}
    with pytest.raises(DataError, match="value for each name"):
        alone.sentinel_config_set("announce-port", 0, "announce-ip")


@pytest.mark.since(valkey="7.2")
def test_several_settings(alone: Any) -> None:
    assert alone.sentinel_config_set("announce-port", 7000, "announce-hostnames", "yes") is True
    both = ("announce-port", "announce-hostnames")
    assert alone.sentinel_config_get(*both) == {"announce-port": "7000", "announce-hostnames": "yes"}
    assert alone.sentinel_config_set("announce-port", 0, "announce-hostnames", "no") is True


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_periods(alone: Any) -> None:
    periods = alone.sentinel_debug()
    assert (periods["PING-PERIOD"], periods["INFO-PERIOD"]) == (1000, 10_000)
    assert alone.sentinel_debug({"ping-period": 500, "info-period": timedelta(seconds=5)}) is True
    changed = alone.sentinel_debug()
    assert (changed["PING-PERIOD"], changed["INFO-PERIOD"]) == (500, 5000)
    assert alone.sentinel_debug(periods) is True
    assert alone.sentinel_debug() == periods
    with pytest.raises(DataError, match="parameters must hold at least one"):
        alone.sentinel_debug({})


def test_the_configuration_file_is_written(alone: Any, hermit: ServerProcess) -> None:
    (file,) = hermit.directory.glob("*.conf")
    file.unlink()
    assert alone.sentinel_flushconfig() is True
    assert f"sentinel myid {alone.sentinel_myid()}" in file.read_text()


def test_the_own_name(sentinel: Any, deployment: SentinelDeployment) -> None:
    own = sentinel.sentinel_myid()
    with Redis(*deployment.sentinel_locations[1]) as other:
        (state,) = other.sentinel_sentinels(NAME)
    assert own == state["runid"]


def test_scripts_that_wait_to_be_tried_again(sentinel: Any) -> None:
    def first() -> Any:
        return next(script for script in sentinel.sentinel_pending_scripts() if script["argv"][1] == "+monitor")

    script = eventually(first, lambda script: script["flags"] == "scheduled" and script["retry-num"] > 0)
    program, _, event = script["argv"]
    assert program.endswith("/false")
    assert event.startswith(f"master {NAME} 127.0.0.1 ")
    assert script["pid"] == 0
    assert isinstance(script["run-delay"], int)
    flat = ["argv", ["p"], "flags", "running", "pid", "5", "run-time", "6", "retry-num", "1"]
    assert to_pending_script(flat) == {"argv": ["p"], "flags": "running", "pid": 5, "run-time": 6, "retry-num": 1}


def test_a_crash_is_prepared(alone: Any) -> None:
    def flags() -> Any:
        return alone.info("sentinel")["sentinel_simulate_failure_flags"]

    assert alone.sentinel_simulate_failure("crash-after-election") is True
    assert flags() == 1
    assert alone.sentinel_simulate_failure("crash-after-election", "CRASH-AFTER-PROMOTION") is True
    assert flags() == 3
    with pytest.raises(DataError, match="args must be CRASH-AFTER-ELECTION or CRASH-AFTER-PROMOTION, not 'HELP'"):
        alone.sentinel_simulate_failure("HELP")
    with pytest.raises(DataError, match="args must hold at least one"):
        alone.sentinel_simulate_failure()
