"""The ether process: a network of namespaces of the kernel's, whose packets it carries one by one, delays or loses. Linux only.

Run as a script with nothing but the standard library; `syncredis.testing.network` starts it, and talks to it by lines of JSON:

    first argument           the network, e.g. "198.18.7"; host 1 is where the starter is
    {"host": 2}              make a namespace with this host in it       -> {"descriptor": 5}
    {"troubles": [...]}      what befalls packets from now on            -> {}

A trouble is a list: the source and the destination (the number of a host, null for any), the share of packets that are lost,
and the least and the most delay in seconds. Each host has a TUN device, whose other end is here, so that a packet that this
process does not write vanishes without a word, whatever the sender's kernel thinks of its link.

Everything - devices, addresses, routes, namespaces - belongs to this process, and is gone with it. It ends with its input, so
that whatever ends the starter ends it, too.
"""

import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any, NamedTuple

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_IFF_UP = 0x0001
_LARGEST = 65536
_AT_ONCE = 64  # packets of one host that are carried before it is the next one's turn


class Trouble(NamedTuple):
    """What befalls packets on their way from one host to another; None: any."""

    source: int | None
    destination: int | None
    loss: float
    least_delay: float
    most_delay: float

    def concerns(self, source: int, destination: int) -> bool:
        return self.source in (None, source) and self.destination in (None, destination)


class Ether:
    """What carries packets between hosts."""

    def __init__(self, network: str) -> None:
        self.network = network
        self.devices: dict[int, int] = {}
        self.namespaces: list[int] = []
        self.troubles: list[Trouble] = []
        self.poll = select.poll()
        self._chance = random.Random(0)
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._numbers = itertools.count()
        self._connect(1)

    def add_host(self, number: int) -> int:
        """Make a namespace with a host in it; return the descriptor that stands for it."""
        _check(ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET))
        _bring_up("lo")
        self._connect(number)
        self.namespaces.append(os.open("/proc/self/ns/net", os.O_RDONLY))
        return self.namespaces[-1]

    def carry(self, device: int) -> None:
        """Take what a host has sent."""
        for _ in range(_AT_ONCE):
            try:
                packet = os.read(device, _LARGEST)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:  # IPv6 says hello by itself
                self._send(packet)

    def deliver(self) -> float | None:
        """Hand over what was delayed for long enough; return in how many milliseconds there is more."""
        while self._under_way:
            left = self._under_way[0][0] - time.monotonic()
            if left > 0:
                return left * 1000
            _, _, destination, packet = heapq.heappop(self._under_way)
            self._hand_over(destination, packet)
        return None

    def _connect(self, number: int) -> None:
        """Give the namespace that this process is in now a device, an address and a route."""
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        name = f"tun{number}" if number > 1 else "syncredis%d"
        asked = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI)
        given = fcntl.ioctl(device, _TUNSETIFF, asked)[:16].rstrip(b"\0").decode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            for request, address in (
                (_SIOCSIFADDR, f"{self.network}.{number}"),
                (_SIOCSIFNETMASK, "255.255.255.0"),
            ):
                packed = struct.pack("16sHH4s8x", given.encode(), socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(control, request, packed + bytes(8))
        _bring_up(given)
        self.devices[number] = device
        self.poll.register(device, select.POLLIN)

    def _send(self, packet: bytes) -> None:
        source, destination = packet[15], packet[19]
        due = 0.0
        for trouble in self.troubles:
            if trouble.concerns(source, destination):
                if self._chance.random() < trouble.loss:
                    return
                due += self._chance.uniform(trouble.least_delay, trouble.most_delay)
        if due:
            heapq.heappush(self._under_way, (time.monotonic() + due, next(self._numbers), destination, packet))
        else:
            self._hand_over(destination, packet)

    def _hand_over(self, destination: int, packet: bytes) -> None:
        with suppress(KeyError, OSError):  # full, or nobody there: lost, as packets are
            os.write(self.devices[destination], packet)


def _bring_up(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = struct.pack("16sH22x", name.encode(), 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(control, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | _IFF_UP))


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _obey(ether: Ether, order: dict[str, Any]) -> None:
    if "host" in order:
        _say(descriptor=ether.add_host(order["host"]))
    else:
        ether.troubles = [Trouble(*each) for each in order["troubles"]]
        _say()


def main() -> None:
    """Carry packets until the end of file."""
    # Our own session keeps the terminal's signals away; this, those sent to many by mistake.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        ether = Ether(sys.argv[1])
        _say()
        orders = sys.stdin.fileno()
        ether.poll.register(orders, select.POLLIN)
        unread = b""
        while True:
            for descriptor, _ in ether.poll.poll(ether.deliver()):
                if descriptor != orders:
                    ether.carry(descriptor)
                    continue
                read = os.read(orders, _LARGEST)
                if not read:
                    return
                *lines, unread = (unread + read).split(b"\n")
                for line in lines:
                    _obey(ether, json.loads(line))
    except OSError as error:
        _say(error=str(error))


if __name__ == "__main__":
    main()
