"""`Receiver`: what a server says, as replies in their order.

It parses what comes over the stream, whole or in pieces, and leaves out what the server says unasked. Large strings and maps
that come in pieces go another way than the rest, see `syncredis.bulk` and `syncredis.resp.map_as_array`. Whether all is
there that is owed, the connection knows.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from syncredis.bulk import large_at_start, receive_bulk
from syncredis.config import ConnectionConfig
from syncredis.exceptions import DecodeError, ProtocolError
from syncredis.replies import in_pairs
from syncredis.resp import INCOMPLETE, PLAIN, PushNotification, map_as_array, new_reader
from syncredis.transport import RECEIVE_SIZE, Transport
from syncredis.typing import Reply


class Receiver:
    """The receiving half of one connection. Strings in replies are ``str`` where ``text`` is set, else ``bytes``.

    What receives blocks, and raises `TimeoutError` and `ConnectionError` as the stream does; `ProtocolError` if what comes is
    no reply, or larger than a reply may be.

    Attributes:
        stream: where the bytes come from.
        reader: parses them. Another one takes its place where it has to forget what it was given.
        unfinished: how many bytes of a reply that is not complete have come. It stays 0 where one call receives it all.
        errors_came: whether there was an error among several replies. Stays True until somebody sets it to False.
    """

    __slots__ = ("_begun", "_between", "_config", "_encoding", "errors_came", "reader", "stream", "unfinished")

    def __init__(self, stream: Transport, config: ConnectionConfig) -> None:
        self._config = config
        self._encoding = config.encoding
        self.stream = stream
        self.reader = new_reader(config.encoding)
        self.unfinished = 0
        self.errors_came = False
        # For `receive_large`: the last piece that was taken in, if a reply begins with it for certain. What is in the middle of
        # a reply may look like the beginning of another one.
        self._begun = b""
        self._between = True

    # --- one reply ----------------------------------------------------------------------------------

    def receive_rest(self, reply: Reply, data: bytes, text: bool) -> Reply:
        """Return the one reply that is owed, or an error, where ``reply``, parsed from ``data``, is not all of it. Blocks."""
        self.unfinished = len(data)
        if reply is INCOMPLETE:
            reply = self._receive_large(data, text)
        while reply is INCOMPLETE or isinstance(reply, PushNotification):
            if reply is INCOMPLETE:
                self.feed(self.stream.receive())
            reply = self.reader.gets(text)
        return reply

    def receive_map(self, data: bytes, text: bool) -> Reply:
        """Return what begins with ``data``, the start of a map, if that has come as far as its first element. Blocks."""
        pieces = map_as_array(data)
        if pieces is None:
            self.reader.feed(data)
            return self.reader.gets(text)
        self.unfinished = len(data)
        for piece in pieces:
            self.reader.feed(piece)
        while (array := self.reader.gets(text)) is INCOMPLETE:
            self.feed(self.stream.receive())
        self.unfinished = 0
        return dict(in_pairs(array))

    def _receive_large(self, data: bytes, text: bool) -> Reply:
        """Receive a reply that begins with ``data`` and is a large string or a map; `INCOMPLETE` if it is neither.

        What the parser knows of it already is forgotten.
        """
        if (found := large_at_start(data)) is not None:
            self._check_size(found[0])
            self.reader = new_reader(self._encoding)
            value, rest = receive_bulk(self.stream, data, *found)
            self.reader.feed(rest)
            return value.decode(self._encoding) if text else value
        if map_as_array(data) is not None:
            self.reader = new_reader(self._encoding)
            return self.receive_map(data, text)
        return INCOMPLETE

    # --- several replies, errors as errors ----------------------------------------------------------

    def receive_replies(self, replies: list[Reply], count: int, text: bool, deadline: float | None) -> None:
        """Extend ``replies`` until there are ``count``; the loop over them is in C. Blocks, until the deadline at most."""
        # Before the first chunk's replies nothing is there, and there may be but one chunk.
        between = self._parse(replies, count, text) if self.reader.has_data() else True
        while len(replies) < count:
            if deadline is not None:
                self.stream.limit_until(deadline)
            data = self.stream.receive()
            self.feed(data)
            start, at_start = len(replies), between
            between = self._parse(replies, count, text)
            if at_start and len(replies) == start and not between:
                between = self._take_large(replies, count, data, text)
            if len(replies) > start:
                self.unfinished = 0

    def _take_large(self, replies: list[Reply], count: int, data: bytes, text: bool) -> bool:
        """Extend ``replies`` by the large one that begins with ``data``, if it does, and by all that came with it.

        Returns what `_parse` does.
        """
        try:
            reply = self._receive_large(data, text)
        except UnicodeDecodeError as error:
            reply = self.undecodable(error)
            self.errors_came = True
        if reply is INCOMPLETE:
            return False
        replies.append(reply)
        return self._parse(replies, count, text)

    def _parse(self, replies: list[Reply], count: int, text: bool) -> bool:
        """Extend ``replies`` by what is complete, up to ``count`` of them, without what the server said unasked.

        Returns whether the parser is between two replies for certain. It takes the header of an array in and then has no
        data, either; hence no more is parsed than is owed.
        """
        # Without an argument where none is needed: a seventh of the time.
        next_reply = self.reader.gets if text else partial(self.reader.gets, False)
        while (missing := count - len(replies)) > 0 and self.reader.has_data():
            start = len(replies)
            found = missing
            try:
                replies.extend(islice(iter(next_reply, INCOMPLETE), missing))
                found = len(replies) - start
            except UnicodeDecodeError as error:  # what came before it is in the list already
                replies.append(self.undecodable(error))
            if not PLAIN.issuperset(map(type, replies[start:])):
                replies[start:] = [reply for reply in replies[start:] if not isinstance(reply, PushNotification)]
                self.errors_came = True
            if found < missing:
                return False
        return True

    # --- what was taken in already ------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Give the parser more of a reply, as long as that is of a size that a reply may have."""
        self._begun = data if self._between and len(data) == RECEIVE_SIZE and not self.reader.has_data() else b""
        self.unfinished += len(data)
        self._check_size(self.unfinished)
        self.reader.feed(data)

    def next_reply(self, text: bool) -> Reply:
        """Return the next reply of those that were taken in, errors as errors, or `INCOMPLETE`; never blocks.

        Raises:
            ProtocolError: if what comes is no reply, or none that memory could hold.
        """
        try:
            reply = self.reader.gets(text)
            while isinstance(reply, PushNotification):
                reply = self.reader.gets(text)
        except UnicodeDecodeError as error:
            reply = self.undecodable(error)
        except MemoryError as error:
            raise self.too_large() from error
        self._between = reply is not INCOMPLETE
        if self._between:
            self.unfinished = 0
        return reply

    def receive_large(self, text: bool) -> Reply:
        """Return the reply of which only the beginning was taken in, if it is a large string; else `INCOMPLETE`. Blocks.

        To be called when all has been taken that was complete. What it raises, the connection explains.
        """
        begun, self._begun = self._begun, b""
        if large_at_start(begun) is None:
            return INCOMPLETE
        self.unfinished, self._between = 0, True
        try:
            return self._receive_large(begun, text)
        except UnicodeDecodeError as error:
            return self.undecodable(error)

    def take_replies(self, replies: list[Reply], count: int, text: bool) -> None:
        """Extend ``replies`` by what was taken in and is complete, at most by ``count``: `next_reply` for several.

        What was parsed before it raises is in the list.
        """
        before = len(replies)
        try:
            self._between = self._parse(replies, before + count, text)
        except MemoryError as error:
            raise self.too_large() from error
        if len(replies) > before:
            self.unfinished = 0

    def take_messages(self, text: bool) -> list[Reply]:
        """Return all that was taken in and is complete, also what the server says unasked; never blocks."""
        messages: list[Reply] = []
        next_reply = partial(self.reader.gets, text)
        while True:
            try:
                messages.extend(iter(next_reply, INCOMPLETE))
                break
            except UnicodeDecodeError as error:  # what came before it is in the list already
                messages.append(self.undecodable(error))
        if messages:
            self.unfinished = 0
        return messages

    # --- errors -------------------------------------------------------------------------------------

    def undecodable(self, error: UnicodeDecodeError) -> DecodeError:
        """Return the error for a reply that is not valid text."""
        # hiredis says so once the reply was read to its end, so the next one is in its place.
        undecodable = DecodeError(
            f"the reply is not valid {self._encoding} ({error.reason} at byte {error.start}); "
            f"a client made with decode_responses=False returns it as bytes"
        )
        undecodable.__cause__ = error
        return undecodable

    def too_large(self) -> ProtocolError:
        """Return the error for a reply that the parser could make no room for."""
        # Of as many elements as an array announces, the parser makes room for before they come.
        return ProtocolError(f"{self._config.target} announced more than memory can hold")

    def _check_size(self, size: int) -> None:
        limit = self._config.max_reply_size
        if limit is not None and size > limit:
            raise ProtocolError(f"{self._config.target} sent a reply of more than {limit} bytes (max_reply_size)")
