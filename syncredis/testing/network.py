"""A network of the kernel's own, with a host for each process, in which packets get lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from syncredis.testing.errors import NetworkUnavailableError

_SCRIPT: Final = Path(__file__).with_name("ether.py")
#: Set aside for tests of networks (RFC 2544): no real host has such an address.
_OURS: Final = "198.18"
_HERE: Final = 1
_LAST: Final = 254
_ATTEMPTS: Final = 10
_ENTER: Final = "nsenter"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What befalls packets of a `Network`.

    Attributes:
        source: the address of the host that sends them; None: any.
        destination: the address of the host that they are for; None: any.
        loss: the share of them that vanishes, 0 to 1.
        delay: seconds by which the others are late, at least and at most: each by itself, so they may overtake each other.
    """

    source: str | None = None
    destination: str | None = None
    loss: float = 1.0
    delay: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1:
            raise ValueError(f"loss is a share, 0 to 1, not {self.loss}")
        if not 0 <= self.delay[0] <= self.delay[1]:
            raise ValueError(f"delay is the least and the most, not {self.delay}")


class Place(NamedTuple):
    """A host of a network: its address, and what runs a program there when it is put in front."""

    host: str
    prefix: tuple[str, ...]


class Network:
    """Hosts that are namespaces of the kernel's (Linux only), for processes of ours::

        with Network() as network, ServerProcess(network=network) as server:
            network.cut_off(server.location.host)

    What a `FaultProxy` can not do happens here: packets vanish in one direction, or one in three, and neither side is
    told. The caller's own host is `here`. It needs the rights of root, or of a user namespace
    (``unshare --user --map-root-user --net``). All of it is gone with the `with` block, when it is forgotten, and when this
    Python process ends, in whatever way.

    One thread at a time may use it. Every method blocks for some milliseconds.
    """

    def __init__(self) -> None:
        """Make a network with nobody but the caller in it.

        Raises:
            NetworkUnavailableError: if the system does not let us; the message says why.
        """
        if sys.platform != "linux":
            raise NetworkUnavailableError("namespaces of networks are Linux's")
        enter = shutil.which(_ENTER)
        if enter is None:
            raise NetworkUnavailableError(f"there is no {_ENTER}, which is in the package util-linux")
        self._enter = enter
        self._network = _free_network()
        self._last = _HERE
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SCRIPT), self._network],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            cwd="/",
        )
        self._finalizer = weakref.finalize(self, _end, self._process, os.getpid())
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    @property
    def here(self) -> str:
        """The address of the caller's host: what connects from this process comes from there."""
        return f"{self._network}.{_HERE}"

    def add_host(self) -> Place:
        """Return a host of its own for one more process.

        Raises:
            NetworkUnavailableError: if the system does not let us, or the network is full.
        """
        if self._last == _LAST:
            raise NetworkUnavailableError(f"a network has at most {_LAST - _HERE} hosts")
        self._last += 1
        descriptor = self._ask(host=self._last)["descriptor"]
        namespace = f"--net=/proc/{self._process.pid}/fd/{descriptor}"
        return Place(f"{self._network}.{self._last}", (self._enter, namespace, "--"))

    def befall(self, *troubles: Trouble) -> None:
        """Have these troubles befall packets from now on, all together, and no others."""
        self._ask(
            troubles=[
                [self._number(each.source), self._number(each.destination), each.loss, *each.delay] for each in troubles
            ]
        )

    def cut_off(self, *hosts: str) -> None:
        """Lose all packets from and to these hosts from now on, and no others. Nobody is told."""
        self.befall(*both_ways((host, None) for host in hosts))

    def part(self, *pairs: tuple[str, str]) -> None:
        """Lose all packets between the two hosts of each pair from now on, and no others."""
        self.befall(*both_ways(pairs))

    def heal(self) -> None:
        """End all troubles."""
        self.befall()

    def close(self) -> None:
        """Remove it. May be called again. End the processes in it before: they lose their network."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._network}.0/24, {self._last} hosts>"

    def _number(self, host: str | None) -> int | None:
        if host is None:
            return None
        network, _, number = host.rpartition(".")
        if network != self._network or not _HERE <= int(number) <= self._last:
            raise ValueError(f"{host} is not in {self!r}")
        return int(number)

    def _ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
        except (OSError, ValueError) as error:
            raise NetworkUnavailableError("the network has been closed") from error
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process that carries packets has ended"}
        if "error" in answer:
            raise NetworkUnavailableError(f"no network of namespaces can be had: {answer['error']}")
        return answer


def both_ways(pairs: Iterable[tuple[str, str | None]]) -> list[Trouble]:
    """Return the troubles that lose all packets between the two of each pair."""
    return [Trouble(*way) for one, other in pairs for way in ((one, other), (other, one))]


def _free_network() -> str:
    """Choose a network that this host has no route to: others may be doing the same."""
    with open("/proc/net/route") as routes:
        taken = {bytes.fromhex(line.split()[1])[::-1] for line in routes.readlines()[1:]}
    for _ in range(_ATTEMPTS):
        chosen = random.SystemRandom().randrange(256)
        if bytes((198, 18, chosen, 0)) not in taken:
            return f"{_OURS}.{chosen}"
    raise NetworkUnavailableError(f"the networks {_OURS}.0.0/16 are taken")


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        return
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.kill()
    process.wait()
