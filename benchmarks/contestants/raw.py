"""Bare sockets: the limit. Requests are made beforehand, and replies counted, or parsed by hiredis where that is the limit."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import hiredis

from benchmarks.workload import Operation, Place

_pack: Callable[[tuple[str | bytes, ...]], bytes] = hiredis.pack_command  # type: ignore[assignment]

#: The commands of `Raw.collection`.
COLLECTIONS: dict[str, tuple[str, ...]] = {
    "LRANGE": ("LRANGE", "list", "0", "-1"),
    "HGETALL": ("HGETALL", "hash"),
    "SMEMBERS": ("SMEMBERS", "set"),
    "ZRANGE WITHSCORES": ("ZRANGE", "zset", "0", "-1", "WITHSCORES"),
    "MGET": ("MGET", *(f"key:{number}" for number in range(1000))),
}


class Raw:
    """Counts the bytes of replies. A socket for each operation, so that each thread has its own."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def stream(self, *, unix: bool = False) -> socket.socket:
        """A connection of its own."""
        if unix:
            connected = socket.socket(socket.AF_UNIX)
            connected.connect(self.place.path)
            return connected
        connected = socket.create_connection((self.place.host, self.place.port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def get(self, key: str, *, unix: bool = False, text: bool = True) -> Operation:  # noqa: ARG002 - as the others
        return self.ask(_pack(("GET", key)), 1, unix=unix)

    def set(self, key: str, value: bytes, *, unix: bool = False) -> Operation:
        return self.ask(
            b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(key), key.encode(), len(value), value), 1, unix=unix
        )

    def pipeline(self, key: str, count: int) -> Operation:
        return self.ask(_pack(("GET", key)) * count, count)

    def collection(self, kind: str) -> Operation:
        return self.ask(_pack(COLLECTIONS[kind]), 1)

    def ask(self, request: bytes, replies: int, *, unix: bool = False) -> Operation:
        """An operation that sends and waits for as many bytes as the first time."""
        stream = self.stream(unix=unix)
        size = self._size_of_reply(stream, request, replies)
        send, receive = stream.sendall, stream.recv
        if size <= 65536:

            def small() -> None:
                send(request)
                missing = size
                while missing:
                    missing -= len(receive(65536))

            return small
        place = memoryview(bytearray(size))
        receive_into = stream.recv_into

        def large() -> None:
            send(request)
            filled = 0
            while filled < size:
                filled += receive_into(place[filled:])

        return large

    @staticmethod
    def _size_of_reply(stream: socket.socket, request: bytes, replies: int) -> int:
        reader, size = hiredis.Reader(), 0
        stream.sendall(request)
        while replies:
            data = stream.recv(1 << 20)
            size += len(data)
            reader.feed(data)
            while replies and reader.gets() is not False:
                replies -= 1
        return size

    def connect(self) -> Operation:
        def connect_and_ping() -> None:
            with self.stream() as stream:
                stream.sendall(b"*1\r\n$4\r\nPING\r\n")
                stream.recv(100)

        return connect_and_ping

    def hold(self, count: int) -> list[socket.socket]:
        """So many connections, each used once."""
        streams = [self.stream() for _ in range(count)]
        for stream in streams:
            stream.sendall(b"*1\r\n$4\r\nPING\r\n")
            stream.recv(100)
        return streams

    def discover(self) -> Operation:
        """Ask the Sentinels in turn, with 0.1 s for each, and PING the primary; ROLE goes with it."""

        def ask_in_turn() -> None:
            location = None
            for sentinel in self.place.sentinels:
                try:
                    with socket.create_connection(sentinel, timeout=0.1) as stream:
                        stream.sendall(_pack(("SENTINEL", "get-master-addr-by-name", "myredis")))
                        reader = hiredis.Reader(encoding="utf-8")
                        reader.feed(stream.recv(1000))
                        location = reader.gets()
                        break
                except OSError:
                    continue
            assert isinstance(location, list)
            with socket.create_connection((location[0], int(location[1]))) as stream:
                stream.sendall(_pack(("ROLE",)) + _pack(("PING",)))
                stream.recv(1000)

        return ask_in_turn


class RawHiredis(Raw):
    """Parses the replies, as text."""

    def ask(self, request: bytes, replies: int, *, unix: bool = False) -> Operation:
        stream = self.stream(unix=unix)
        reader = hiredis.Reader(encoding="utf-8")

        def ask() -> list[Any]:
            stream.sendall(request)
            found: list[Any] = []
            while len(found) < replies:
                reader.feed(stream.recv(65536))
                found.extend(iter(reader.gets, False))
            return found

        return ask

    def messages(self, channel: str) -> Iterator[Any]:
        """Every message that is published."""
        stream = self.stream()
        reader = hiredis.Reader(encoding="utf-8")
        stream.sendall(_pack(("SUBSCRIBE", channel)))
        while True:
            reader.feed(stream.recv(65536))
            yield from iter(reader.gets, False)
