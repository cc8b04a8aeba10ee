"""The acts of the demo: what happens to a primary, in words and in deed."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import Final

from syncredis import Redis, RedisError
from syncredis.testing import NotReadyError, SentinelDeployment, ServerProcess

_ORDER_LIMIT: Final = 10.0  # seconds within which a Sentinel has to take the order
_TICK: Final = 0.02  # seconds between two attempts


@dataclass(frozen=True, slots=True)
class Act:
    """One way to lose a primary.

    Attributes:
        name: as ``--acts`` has it.
        title: a few words for people.
        noun: what times are counted from.
    """

    name: str
    title: str
    noun: str

    @property
    def planned(self) -> bool:
        """Whether it is an order, and no accident."""
        return self.name == "planned"


PLANNED: Final = Act("planned", "A planned failover", "order")
KILL: Final = Act("kill", "A crash", "kill")
FREEZE: Final = Act("freeze", "A primary that hangs", "freeze")

ACTS: Final = {act.name: act for act in (PLANNED, KILL, FREEZE)}


def acts(text: str) -> tuple[Act, ...]:
    """Read names of acts, separated by commas; for `argparse`."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in ACTS:
            raise ArgumentTypeError(f"{name!r} is no act: choose from {', '.join(ACTS)}, separated by commas")
    return tuple(ACTS[name] for name in names)


def perform(act: Act, deployment: SentinelDeployment, primary: ServerProcess) -> str:
    """Do it to the primary, block until it is done, and return a sentence that says so.

    Raises:
        NotReadyError: if no Sentinel takes the order.
    """
    where, process = primary.location.target, primary.pid
    match act.name:
        case PLANNED.name:
            _order_failover(deployment)
            return f"SENTINEL FAILOVER: the primary {where} has to hand over."
        case KILL.name:
            deployment.kill(primary)
            return f"kill -9 of the primary {where} (process {process})."
        case _:
            deployment.freeze(primary)
            return f"SIGSTOP to the primary {where} (process {process}): it hangs, and its connections stay open."


def bring_back(act: Act, deployment: SentinelDeployment, old: ServerProcess) -> str | None:
    """Have the old primary take part again, and return a sentence that says so; None: it never went away.

    Raises:
        NotReadyError: if it does not start.
    """
    match act.name:
        case PLANNED.name:
            return None
        case KILL.name:
            deployment.restart(old)
            return f"The old primary is back on {old.location.target}, empty, not yet a replica."
        case _:
            deployment.thaw(old)
            return f"SIGCONT: the old primary {old.location.target} goes on, and takes itself for the primary."


def _order_failover(deployment: SentinelDeployment) -> None:
    deadline = time.monotonic() + _ORDER_LIMIT
    with Redis(*deployment.sentinel_locations[0]) as sentinel:
        while True:
            try:
                sentinel.execute_command("SENTINEL", "FAILOVER", deployment.service_name)
            except RedisError as error:  # the one before is not quite over
                if time.monotonic() > deadline:
                    raise NotReadyError(f"the Sentinel does not take the order: {error}") from error
            else:
                return
            time.sleep(_TICK)
