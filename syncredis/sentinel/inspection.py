"""Looking at a service as a whole: every Sentinel is asked, and every server that any of them names, all at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Final, Literal, TypeVar

from syncredis import interruption
from syncredis.command import Command
from syncredis.config import ConnectionConfig, Location
from syncredis.exceptions import AuthorizationError, ConnectionError, InterruptedCallError, RedisError
from syncredis.handshake import link_from_reply, role_from_reply
from syncredis.interruption import Interruption
from syncredis.opening import open_connection
from syncredis.replies import to_dict
from syncredis.sentinel.address_map import Translator
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology
from syncredis.sentinel.subscription import subscribe
from syncredis.sentinel.topology import location_from_address, replicas_from_reply, sentinels_from_reply
from syncredis.typing import Reply

R = TypeVar("R")

#: Seconds after which a server that does not connect or answer is reported as such, at most.
_PATIENCE: Final = 2.0


def inspect(discovery: Discovery, service_name: str, config: ConnectionConfig) -> Topology:
    """Return a service as it is now. Blocks for some seconds at most; whoever can not be asked is reported, not raised.

    Args:
        discovery: knows the Sentinels, and how to connect to them.
        service_name: as the Sentinels know it.
        config: how to connect to the servers; its location is not used.
    """
    sentinels = _inspect_sentinels(discovery, service_name)
    named = [report for report in sentinels if report.primary is not None]
    current = max(named, key=lambda report: -1 if report.epoch is None else report.epoch, default=None)
    primary_at = None if current is None else current.primary
    flags: dict[Location, frozenset[str]] = {}
    for report in named:
        for location, theirs in ((report.primary, report.flags), *report.replicas):
            if location is not None:
                flags[location] = flags.get(location, frozenset()) | theirs
    limited = _limited(config)
    servers = _at_once(lambda location: _ask_server(limited.at(location), discovery.translate), flags)
    reports = {location: replace(server, flags=flags[location]) for location, server in servers.items()}
    primary = None if primary_at is None else reports.pop(primary_at)
    replicas = tuple(_with_lag(reports[location], primary) for location in sorted(reports))
    return Topology(service_name=service_name, primary=primary, replicas=replicas, sentinels=sentinels)


def _inspect_sentinels(discovery: Discovery, service_name: str) -> tuple[SentinelReport, ...]:
    """Ask all that are known, and then those that they know."""
    config = _limited(discovery.config)

    def ask(location: Location) -> SentinelReport:
        return _ask_sentinel(config.at(location), service_name, discovery.translate)

    reports = _at_once(ask, discovery.sentinels)
    known_ids = {report.id for report in reports.values() if report.id is not None}
    others = {other for report in reports.values() for other in report.others} - reports.keys()
    # One that was given by another name than it announces is asked twice, and counts once.
    for location, report in _at_once(ask, sorted(others)).items():
        if report.id is None or report.id not in known_ids:
            reports[location] = report
    return tuple(reports.values())


# --- one Sentinel ---------------------------------------------------------------------------------------


def _ask_sentinel(config: ConnectionConfig, service_name: str, translate: Translator) -> SentinelReport:
    questions = ("GET-MASTER-ADDR-BY-NAME", "MASTER", "REPLICAS", "SENTINELS", "CKQUORUM")
    commands = [Command[Reply](("SENTINEL", question, service_name)) for question in questions]
    commands += [Command(("SENTINEL", "MYID")), Command(("INFO",))]
    location = config.location
    try:
        connection = open_connection(config)
        try:
            address, state, replicas, others, quorum, own_id, info = connection.execute_many(commands, text=True)
        finally:
            connection.close()
        names = (*(f"SENTINEL {question}" for question in questions), "SENTINEL MYID", "INFO")
        replies = (address, state, replicas, others, quorum, own_id, info)
        refused = [name for name, reply in zip(names, replies, strict=True) if isinstance(reply, AuthorizationError)]
        refused += [] if _may_subscribe(config) else ["SUBSCRIBE"]
        report = SentinelReport(location=location, refused=tuple(refused))
        if isinstance(address, RedisError):
            return replace(report, error=address)
        report = replace(report, **_of_itself(own_id, info))
        announced = location_from_address(address)
        if announced is None:
            return report
        report = replace(report, announced=announced, primary=translate(announced), **_of_primary(state))
        if not isinstance(replicas, RedisError):
            found = tuple((translate(view.location), view.flags - {"slave"}) for view in replicas_from_reply(replicas))
            report = replace(report, replicas=found)
        if not isinstance(others, RedisError):
            report = replace(report, others=tuple(translate(other) for other in sentinels_from_reply(others)))
        if not isinstance(quorum, AuthorizationError):
            can = not isinstance(quorum, RedisError)
            report = replace(report, can_fail_over=can, verdict=str(quorum))
        return report
    except InterruptedCallError:
        raise
    except RedisError as error:
        return SentinelReport(location=location, error=error)


def _may_subscribe(config: ConnectionConfig) -> bool:
    try:
        subscribe(config).close()
    except AuthorizationError:
        return False
    return True


def _of_itself(own_id: Reply, info: Reply) -> dict[str, Any]:
    found: dict[str, Any] = {} if isinstance(own_id, RedisError) else {"id": str(own_id)}
    if not isinstance(info, RedisError):
        facts = _facts(info)
        found |= {"version": _version(facts), "tilt": facts.get("sentinel_tilt") == "1"}
    return found


def _of_primary(state: Reply) -> dict[str, Any]:
    if isinstance(state, RedisError):
        return {}
    facts = to_dict(state)
    return {
        "epoch": int(facts["config-epoch"]),
        "quorum": int(facts["quorum"]),
        "flags": frozenset(facts["flags"].split(",")) - {"master"},
        "down_after": int(facts["down-after-milliseconds"]) / 1000,
        "failover_timeout": int(facts["failover-timeout"]) / 1000,
    }


# --- one server ------------------------------------------------------------------------------------------


def _ask_server(config: ConnectionConfig, translate: Translator) -> ServerReport:
    location = config.location
    try:
        connection = open_connection(config)
        try:
            began = time.perf_counter()
            connection.execute_many([Command[Reply](("PING",))], text=True)
            latency = time.perf_counter() - began
            questions = [Command[Reply](words) for words in (("ROLE",), ("INFO", "replication"), ("INFO", "server"))]
            role, replication, server = connection.execute_many(questions, text=True)
        finally:
            connection.close()
    except InterruptedCallError:
        raise
    except RedisError as error:
        return ServerReport(location=location, error=error)
    found: dict[str, Any] = {"latency": latency}
    if not isinstance(server, RedisError):
        found["version"] = _version(_facts(server))
    if not isinstance(replication, RedisError):
        found |= _of_replication(_facts(replication))
    return ServerReport(location=location, **{**found, **_of_role(role, translate)})


def _of_role(role: Reply, translate: Translator) -> dict[str, Any]:
    word: Literal["primary", "replica"] | str | None = role_from_reply(role)
    if word == "primary":
        return {"role": word, "offset": int(role[1]), "replicas": len(role[2])}
    if word == "replica":
        at = location_from_address(role[1:3])
        offset = int(role[4])
        return {
            "role": word,
            "primary": None if at is None else translate(at),
            "link": link_from_reply(role),
            "offset": None if offset < 0 else offset,
        }
    return {}


def _of_replication(facts: Mapping[str, str]) -> dict[str, Any]:
    if facts.get("role") == "master":
        # The server tells how many replicas are good only where it is set to want some.
        return {"waits_for_replicas": "min_slaves_good_slaves" in facts}
    found: dict[str, Any] = {}
    if "slave_priority" in facts:
        found["priority"] = int(facts["slave_priority"])
    if "slave_read_only" in facts:
        found["writable"] = facts["slave_read_only"] == "0"
    return found


def _with_lag(replica: ServerReport, primary: ServerReport | None) -> ServerReport:
    if primary is None or primary.role != "primary" or primary.offset is None or replica.offset is None:
        return replica
    return replace(replica, lag=max(0, primary.offset - replica.offset)) if replica.role == "replica" else replica


# --- common ----------------------------------------------------------------------------------------------


def _facts(info: Reply) -> dict[str, str]:
    """Read the text of INFO."""
    lines = (line.partition(":") for line in str(info).splitlines())
    return {name: value for name, colon, value in lines if colon}


def _version(facts: Mapping[str, str]) -> str | None:
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}" if "redis_version" in facts else None


def _limited(config: ConnectionConfig) -> ConnectionConfig:
    limits = (config.connect_timeout, config.stream_timeout)
    connecting, waiting = (_PATIENCE if limit is None else min(limit, _PATIENCE) for limit in limits)
    return replace(config, connect_timeout=connecting, stream_timeout=waiting)


def _at_once(ask: Callable[[Location], R], locations: Iterable[Location]) -> dict[Location, R]:
    """Return what ``ask`` returns for each location; each in a thread of its own. Blocks until the last has ended."""
    answers: dict[Location, R] = {}
    errors: list[BaseException] = []
    order = list(locations)
    asking = Interruption()

    def run(location: Location) -> None:
        try:
            answers[location] = asking.run(ask, location)
        except BaseException as error:  # it belongs to the caller, who waits
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(location,), name=f"syncredis-inspect-{location.target}", daemon=True)
        for location in order
    ]
    call = interruption.current()
    with nullcontext() if call is None else call.attached(asking.interrupt):
        try:
            for thread in threads:
                thread.start()
        except RuntimeError as error:  # the system has no more threads to give
            asking.interrupt()
            raise ConnectionError(f"not everybody can be asked: {error}") from error
        finally:
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
    if errors:
        raise errors[0]
    return {location: answers[location] for location in order}
