"""What the watcher has done in threads of their own, because it takes time: each function blocks."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final

from syncredis import interruption
from syncredis.command import Command
from syncredis.commands.server_replies import to_info
from syncredis.config import ConnectionConfig, Location
from syncredis.connection import Connection
from syncredis.exceptions import AuthorizationError, InterruptedCallError, RedisError
from syncredis.handshake import role_from_reply
from syncredis.opening import open_connection
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.events import Outage, PrimaryChanged
from syncredis.sentinel.hedge import AllFailed, Round
from syncredis.sentinel.service_watch import PrimaryPool
from syncredis.sentinel.steps import Arrive
from syncredis.sentinel.subscription import Subscription, subscribe
from syncredis.sentinel.topology import NamedPrimary, is_failing_over, location_from_address, silences_from_reply
from syncredis.sentinel.write_loss import OffsetLog, WriteLoss

logger = logging.getLogger(__name__)

#: Seconds between two looks at a replica that is about to be promoted.
_PURSUIT: Final = 0.01

#: Seconds between two attempts at most with one that can not be connected to.
_PURSUE_SLOWLY: Final = 0.25

#: Seconds for which a replica is looked at that the Sentinels have chosen; by then they have given it up.
_PURSUE_FOR: Final = 20.0

#: Seconds that the old primary has for ending blocking calls: for so long the early switch waits for that.
_UNBLOCK_WITHIN: Final = 0.5

#: How often it is looked at which calls there are to end, and seconds between two looks: some may have been on their way.
_LOOKS: Final = 2
_LOOK_AGAIN: Final = 0.02

#: Seconds since whose last sign of life a Sentinel counts as alive. Others ask it for one every second. Less than what passes
#: before they are asked about it (`syncredis.sentinel.leadership.LEADERLESS_FOR`), so that one that is dead never does.
_ALIVE_WITHIN: Final = 1.5

_REPLICATION: Final = Command[Any](("INFO", "replication"), text=True)
_ROLE: Final = Command[Any](("ROLE",))


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of visiting a Sentinel.

    Attributes:
        subscription: a new one, if one was wanted, and could be had.
        failure: why it could not.
        answers: what the Sentinel says about each service.
    """

    subscription: Subscription | None
    failure: RedisError | None
    answers: dict[str, NamedPrimary]


def visit(discovery: Discovery, sentinel: Location, services: Iterable[str], *, subscribes: bool) -> Visit:
    """Subscribe to a Sentinel if that is wanted, and ask it for the primaries of services - in this order, so that no change
    falls between the two."""
    subscription: Subscription | None = None
    failure: RedisError | None = None
    answers: dict[str, NamedPrimary] = {}
    try:
        if subscribes:
            try:
                subscription = subscribe(discovery.config.at(sentinel))
            except RedisError as error:
                logger.debug("can not subscribe to %s: %s", sentinel.target, error)
                failure = error
        for service_name in services:
            with suppress(RedisError):
                answers[service_name] = discovery.ask(sentinel, service_name)
    except BaseException:
        if subscription is not None:
            subscription.close()
        raise
    return Visit(subscription, failure, answers)


def consult(discovery: Discovery, service_name: str) -> Location | None:
    """Return what a majority of the Sentinels says, if there is one."""
    try:
        return discovery.primary(service_name)
    except RedisError as error:
        logger.debug("no majority for %r: %s", service_name, error)
        return None


def is_leading(discovery: Discovery, service_name: str, leader: Location, chosen: Location | None) -> bool:
    """Return whether a Sentinel that is not heard any more still leads a failover.

    By its own word, if it can be asked. Otherwise it does if any other one has heard from it just now, or names what it has
    ``chosen``.
    """

    def ask(sentinel: Location) -> bool:
        address, state, others = discovery.query(
            sentinel, ("GET-MASTER-ADDR-BY-NAME", service_name), ("MASTER", service_name), ("SENTINELS", service_name)
        )
        for reply in (address, state, others):
            if isinstance(reply, RedisError):
                raise reply
        named = location_from_address(address)
        if named is not None and discovery.translate(named) == chosen:
            return True
        if sentinel == leader:
            return is_failing_over(state)
        silences = {discovery.translate(other): silence for other, silence in silences_from_reply(others).items()}
        # Known by another name: then it lives for certain if all of them do.
        return silences.get(leader, max(silences.values(), default=math.inf)) < _ALIVE_WITHIN

    def choose(answers: Sequence[tuple[Location, bool]], final: bool) -> tuple[Location, bool] | None:
        own = next((each for each in answers if each[0] == leader), None)
        return own or (max(answers, key=lambda answer: answer[1]) if final else None)

    try:
        _, leads = Round(discovery.sentinels, ask, 0.0, choose, _ALIVE_WITHIN / 2).wait()
    except AllFailed as failed:
        logger.debug("nobody can say whether %s leads: %s", leader.target, failed.causes)
        return False
    return leads


def await_promotion(config: ConnectionConfig, over: Callable[[], bool], may_be_stale: Callable[[], bool]) -> bool:
    """Return whether the server at ``config`` is promoted before it is ``over``.

    Its own word for that counts once it has said that it is a replica, or if it can not be that of a former primary:
    see `ServiceWatch.may_be_stale`.
    """
    was_replica = False
    deadline = time.monotonic() + _PURSUE_FOR
    pause = _PURSUIT
    connection: Connection | None = None
    try:
        while not over() and time.monotonic() < deadline:
            try:
                if connection is None:
                    connection = open_connection(config, ask_role=True)
                    role = connection.role
                else:
                    role = role_from_reply(connection.execute(_ROLE, text=True))
                if role == "primary" and (was_replica or not may_be_stale()):
                    return True
                was_replica = was_replica or role == "replica"
                pause = _PURSUIT
            except InterruptedCallError:
                raise
            except AuthorizationError as error:
                logger.warning(
                    "%s does not say whether it was promoted, which is learnt from the Sentinels now, about a second later; "
                    "the right that is missing is +role: %s",
                    config.target,
                    error,
                )
                return False
            except RedisError:
                # A server that is promoted ends its connections: the next one is made at once.
                if connection is not None:
                    connection.close()
                    connection = None
                    continue
                pause = min(2 * pause, _PURSUE_SLOWLY)
            interruption.sleep(pause)
        return False
    finally:
        if connection is not None:
            connection.close()


class Unblocking:
    """The old primary is asked to end blocking calls; who wants to leave it waits for that, but not for long. Thread-safe.

    The time runs from the beginning of this: a primary that is silent shall not hold up a failover.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._until = time.monotonic() + _UNBLOCK_WITHIN

    def end(self) -> None:
        """Let everybody go on: the calls have ended, or can not be."""
        self._over.set()

    def wait(self) -> None:
        """Block until it is over, or its time is."""
        call = interruption.current()
        with nullcontext() if call is None else call.attached(self.end):
            self._over.wait(max(0.0, self._until - time.monotonic()))


def unblock(config: ConnectionConfig, waiting: Callable[[], list[int]]) -> None:
    """Have a server end blocking calls with an error; ``waiting`` tells the numbers of their connections.

    Raises:
        RedisError: if it can not be reached.
    """
    ended: set[int] = set()
    with ExitStack() as stack:
        connection: Connection | None = None
        for look in range(_LOOKS):
            if look:
                interruption.sleep(_LOOK_AGAIN)
            numbers = [number for number in waiting() if number not in ended]
            if not numbers:
                continue
            if connection is None:
                connection = stack.enter_context(closing(open_connection(config)))
            commands = [Command[Any](("CLIENT", "UNBLOCK", number, "ERROR")) for number in numbers]
            replies = connection.execute_many(commands, text=True)
            ended.update(number for number, reply in zip(numbers, replies, strict=True) if reply == 1)


def watch_offsets(config: ConnectionConfig, log: OffsetLog, interval: float, over: Callable[[], bool]) -> None:
    """Look every ``interval`` seconds, and when it is wanted, how far the primary at ``config`` is, until it is ``over``.

    Raises:
        RedisError: if the connection ends, or the running call is interrupted.
    """
    call = interruption.current()
    with closing(open_connection(config)) as connection:
        while not over():
            log.wanted.clear()
            asked_at = time.time()
            info = to_info(connection.execute(_REPLICATION, text=True))
            if info.get("role") != "master":
                return
            log.note(info, asked_at)
            with nullcontext() if call is None else call.attached(log.wanted.set):
                log.wanted.wait(max(interval, _PURSUIT))


def compare_offsets(config: ConnectionConfig, log: OffsetLog) -> WriteLoss | None:
    """Return what was lost, by the word of the new primary at ``config``."""
    try:
        with closing(open_connection(config)) as connection:
            return log.compare(to_info(connection.execute(_REPLICATION, text=True)))
    except RedisError as error:
        logger.debug("%s does not say what was lost: %s", config.target, error)
        return None


def arrive(step: Arrive, pools: Iterable[PrimaryPool]) -> PrimaryChanged:
    """Have the pools make a connection to the new primary each; return what there is to tell."""
    resumed: float | None = None
    for pool in pools:
        try:
            pool.prewarm()
        except RedisError as error:
            logger.debug("the new primary of %r is not there yet: %s", step.service_name, error)
        else:
            resumed = resumed or time.time()
    outage = None
    if resumed is not None and step.stopped is not None:
        outage = Outage(stopped=time.time() - (time.monotonic() - step.stopped), resumed=resumed)
    return PrimaryChanged(
        service_name=step.service_name,
        source=step.source,
        old=step.old,
        new=step.new,
        epoch=step.epoch,
        early=step.early,
        outage=outage,
    )
