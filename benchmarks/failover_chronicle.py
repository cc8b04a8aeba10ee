"""What really happened in a drill: who was primary when, by the nodes' and the Sentinels' own word; and what became of writes.

A write that was acknowledged and is gone is *excused* if the node that acknowledged it was the rightful primary when it was
sent, and was replaced afterwards: what replication had not carried to its heir, no client can keep. One that went to a node
which had been replaced already, or that is gone although nobody was replaced, is a fault of the client's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from syncredis.exceptions import RedisError
from syncredis.testing import SentinelDeployment, ServerProcess

#: Seconds between two looks at a node.
_LOOK_EVERY: Final = 0.005

#: What every node that takes itself for a primary publishes to all the time, and the callers subscribe to.
CHANNEL: Final = "drill"

#: Sets a key, and says which server has done so. The refusal of one that may not is handed on as it stands.
SIGNED_SET: Final = """
local done = redis.pcall('SET', KEYS[1], ARGV[1])
if done.err then return done end
return tonumber(string.match(redis.call('INFO', 'server'), 'tcp_port:(%d+)'))
"""


class Write(NamedTuple):
    """A write that was acknowledged; times by `time.monotonic`."""

    name: str
    node: int
    """The port of the node that acknowledged it."""
    sent: float
    acknowledged: float


class Promotion(NamedTuple):
    """A node became primary; seen at most some milliseconds later."""

    at: float
    node: int


class Look(NamedTuple):
    """What a node said of itself: ``role`` is ``"master"``, ``"slave"``, or ``"silent"``."""

    at: float
    node: int
    role: str
    offset: int
    upstream: int


class Heard(NamedTuple):
    """What a Sentinel told."""

    at: float
    sentinel: int
    event: str
    text: str


@dataclass(frozen=True)
class Losses:
    """Acknowledged writes that are gone, by whose doing that is.

    Attributes:
        not_carried: the rightful primary had not passed them on when it was replaced.
        late: the same, but sent when the Sentinels had begun to replace it already.
        misdirected: sent to a node that had been replaced; or gone without any reason.
    """

    not_carried: tuple[Write, ...]
    late: tuple[Write, ...]
    misdirected: tuple[Write, ...]

    def __len__(self) -> int:
        return len(self.not_carried) + len(self.late) + len(self.misdirected)


def judge(lost: Iterable[Write], promotions: Sequence[Promotion], began: Sequence[float] = ()) -> Losses:
    """Tell by whose doing writes are gone.

    Args:
        lost: the writes.
        promotions: who was primary, one after the other, the first one of them from the beginning.
        began: when the Sentinels began with each failover.
    """
    not_carried, late, misdirected = [], [], []
    for write in lost:
        reigns = [
            number
            for number, promotion in enumerate(promotions)
            if promotion.node == write.node and promotion.at <= write.acknowledged
        ]
        heir = promotions[reigns[-1] + 1] if reigns and reigns[-1] + 1 < len(promotions) else None
        if heir is None or write.sent >= heir.at:
            misdirected.append(write)
        elif any(promotions[reigns[-1]].at < start <= write.sent for start in began):
            late.append(write)
        else:
            not_carried.append(write)
    return Losses(tuple(not_carried), tuple(late), tuple(misdirected))


def promotions(looks: Sequence[Look], heard: Sequence[Heard]) -> list[Promotion]:
    """Tell who was made primary, from what the nodes said and the Sentinels told, each in its order.

    A former primary that was chosen again before it was demoted does not change its role: then the Sentinels' word counts.
    """
    found: list[Promotion] = []
    roles: dict[int, str] = {}
    for look in looks:
        if look.role == "master" and roles.get(look.node) == "slave":
            found.append(Promotion(look.at, look.node))
        if look.role != "silent":
            roles[look.node] = look.role
    began = 0.0
    for each in heard:
        if each.event == "+failover-state-select-slave":
            began = each.at
        elif each.event == "+failover-state-wait-promotion":
            chosen = int(each.text.split()[3])
            if _said_before(looks, chosen, began) == "master":
                found.append(Promotion(each.at, chosen))
    return sorted(found)


def _said_before(looks: Sequence[Look], node: int, at: float) -> str:
    """Return the role that a node told of last before a moment."""
    return next(
        (look.role for look in reversed(looks) if look.at < at and look.node == node and look.role != "silent"), ""
    )


class Chronicle:
    """Looks at every node, and hears every Sentinel, for the time of a ``with`` block.

    Attributes:
        looks: what the nodes said, whenever it was something else than before.
        heard: what the Sentinels told.
    """

    def __init__(self, deployment: SentinelDeployment) -> None:
        self.looks: list[Look] = []
        self.heard: list[Heard] = []
        self._first = deployment.current_primary().port
        self._over = threading.Event()
        self._clients: list[Any] = []
        targets = [(self._look_at, node) for node in deployment.nodes]
        targets += [(self._listen_to, node) for node in deployment.sentinels]
        self._threads = [
            threading.Thread(target=target, args=(node, node.client()), daemon=True) for target, node in targets
        ]

    def __enter__(self) -> Chronicle:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for client in self._clients:
            client.close()
        for thread in self._threads:
            thread.join()

    @property
    def promotions(self) -> list[Promotion]:
        """Who was primary, one after the other; the first one from the beginning."""
        return [Promotion(0.0, self._first), *promotions(sorted(self.looks), sorted(self.heard))]

    @property
    def began(self) -> list[float]:
        """When the Sentinels began with a failover."""
        return [heard.at for heard in self.heard if heard.event == "+failover-state-select-slave"]

    def tell(self) -> list[str]:
        """Return all that happened, in its order."""
        lines = [(each.at, f"sentinel {each.sentinel}: {each.event} {each.text}") for each in self.heard]
        lines += [
            (each.at, f"node {each.node}: {each.role}, offset {each.offset}, of {each.upstream}") for each in self.looks
        ]
        lines.sort()
        began = lines[0][0] if lines else 0.0
        return [f"{at - began:8.3f}  {text}" for at, text in lines]

    def _look_at(self, node: ServerProcess, client: Any) -> None:
        self._clients.append(client)
        before: tuple[str, int] | None = None
        told = 0.0
        while not self._over.wait(_LOOK_EVERY):
            role, offset, upstream = "silent", 0, 0
            with suppress(RedisError):
                match client.execute_command("ROLE"):
                    case ["master", offset, *_]:
                        role = "master"
                    case ["slave", _, upstream, _, offset]:
                        role = "slave"
                    case _:  # a refusal, or the reply of something else
                        pass
            now = time.monotonic()
            if (role, upstream) != before or now > told + 0.25:
                before, told = (role, upstream), now
                self.looks.append(Look(now, node.port, role, int(offset), int(upstream)))
            if role == "master":
                with suppress(RedisError):
                    client.publish(CHANNEL, node.port)

    def _listen_to(self, node: ServerProcess, client: Any) -> None:
        self._clients.append(client)
        while not self._over.is_set():
            with suppress(RedisError), client.pubsub(ignore_subscribe_messages=True) as pubsub:
                pubsub.psubscribe("*")
                while not self._over.is_set():
                    message = pubsub.get_message(timeout=0.5)
                    if message is not None and message.type == "pmessage":
                        self.heard.append(Heard(time.monotonic(), node.port, message.channel, message.data))
            self._over.wait(0.1)
