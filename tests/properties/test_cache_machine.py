"""The cache between a server and its clients: reads, writes and news, under way at the same time, in any order.

Replies and news come in the order in which the server made them, but late; what this client writes goes another way. After each
step: nothing is kept that is older than what this client wrote, and once all news have come nothing that is old at all.
"""

from __future__ import annotations

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from syncredis.cache import MISSING, Cache, Ticket

ROOM = 4
KEYS = [b"a", b"b", b"c", b"d"]
A_KEY = st.sampled_from(KEYS)
SOME_KEYS = st.frozensets(A_KEY, min_size=1, max_size=3)

#: A reply: the version of each key that it was made from.
Versions = dict[bytes, int]


class CacheMachine(RuleBasedStateMachine):
    """What may happen to a cache."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = Cache(max_entries=ROOM)
        # The server: the versions of its keys, and which of them the reader is to be told about.
        self.now: Versions = dict.fromkeys(KEYS, 0)
        self.tracked: set[bytes] = set()
        # The reader's connection, both ways. What comes is a reply, or the keys that have changed; None: all.
        self.asked: deque[Ticket] = deque()
        self.coming: deque[tuple[Ticket, Versions] | frozenset[bytes] | None] = deque()
        # What this client knows that it has written.
        self.written: Versions = dict.fromkeys(KEYS, 0)
        self.requests: dict[bytes, frozenset[bytes]] = {}

    @rule(keys=SOME_KEYS)
    def ask(self, keys: frozenset[bytes]) -> None:
        """Read, unless the reply is kept."""
        request = b" ".join(sorted(keys))
        self.requests[request] = keys
        if self.cache.get(request) is MISSING:
            self.asked.append(self.cache.expect(request, keys))

    @precondition(lambda self: self.asked)
    @rule()
    def serve(self) -> None:
        ticket = self.asked.popleft()
        self.tracked |= ticket.keys
        self.coming.append((ticket, {key: self.now[key] for key in ticket.keys}))

    @precondition(lambda self: self.coming)
    @rule()
    def come(self) -> None:
        """Let the next reply or news arrive."""
        message = self.coming.popleft()
        if message is None:
            self.cache.clear()
        elif isinstance(message, frozenset):
            self.cache.forget(message)
        else:
            self.cache.keep(*message)

    @rule(key=A_KEY)
    def somebody_else_writes(self, key: bytes) -> None:
        self.now[key] += 1
        if key in self.tracked:
            self.tracked.remove(key)
            self.coming.append(frozenset({key}))

    @rule(key=A_KEY)
    def this_client_writes(self, key: bytes) -> None:
        self.somebody_else_writes(key)
        self.cache.forget({key})
        self.written[key] = self.now[key]

    @rule()
    def somebody_else_writes_everything(self) -> None:
        for key in KEYS:
            self.now[key] += 1
        self.tracked.clear()
        self.coming.append(None)

    @rule()
    def this_client_writes_everything(self) -> None:
        self.somebody_else_writes_everything()
        self.cache.clear()
        self.written = dict(self.now)

    @precondition(lambda self: self.asked)
    @rule()
    def fail(self) -> None:
        """Answer a question with an error."""
        self.cache.drop(self.asked.popleft())

    @rule()
    def lose_the_connection(self) -> None:
        self.asked.clear()
        self.coming.clear()
        self.tracked.clear()
        self.cache.clear()

    def kept(self) -> list[Versions]:
        found = [self.cache.get(request) for request in self.requests]
        return [reply for reply in found if reply is not MISSING]

    @invariant()
    def nothing_is_older_than_what_was_written_here(self) -> None:
        for reply in self.kept():
            assert all(version >= self.written[key] for key, version in reply.items())

    @invariant()
    def nothing_is_old_once_all_news_have_come(self) -> None:
        if not self.coming:
            for reply in self.kept():
                assert all(version == self.now[key] for key, version in reply.items())

    @invariant()
    def it_holds_no_more_than_it_may_and_no_traces_of_what_is_gone(self) -> None:
        statistics = self.cache.statistics
        assert statistics.entries <= ROOM
        assert (statistics.entries == 0) == (statistics.bytes == 0)
        if not statistics.entries:
            assert not self.cache._dependents
        if not self.asked and not self.coming:
            assert not self.cache._tickets


def test_any_order_of_events() -> None:
    chosen = settings(max_examples=60, stateful_step_count=40)
    run_state_machine_as_test(CacheMachine, settings=chosen)  # type: ignore[no-untyped-call]
