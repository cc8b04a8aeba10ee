"""The middle of an act of the demo: from what happens to the primary until service is back, each thing told when it shows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Final

from syncredis.cli.acts import Act, perform
from syncredis.cli.load import Load
from syncredis.cli.tally import Call, Outcome, ends, first_answered_after, longest_gap
from syncredis.cli.timeline import Mark, Timeline
from syncredis.cli.witness import SwitchWitness
from syncredis.sentinel.events import Event, FailoverStarted, PrimaryChanged
from syncredis.testing import SentinelDeployment, ServerProcess

_TICK: Final = 0.01  # seconds between two looks
_LATE: Final = 0.1  # seconds after which a call that has not returned is worth a line


class Outage:
    """Does to the primary what the act is about, and watches loads and Sentinels from then on.

    Args:
        act: which.
        loads: what goes on meanwhile.
        witness: of what the Sentinels say.
        timeline: where to tell it.

    Attributes:
        struck: when that was done.
    """

    def __init__(self, act: Act, loads: Sequence[Load], witness: SwitchWitness, timeline: Timeline) -> None:
        self.struck = math.inf
        self._act = act
        self._witness = witness
        self._timeline = timeline
        self._views = [_View(load, act) for load in loads]
        self._told: set[object] = set()

    @property
    def is_over(self) -> bool:
        """Whether writes get through on each surface again, and all Sentinels agree."""
        return self._witness.complete and all(view.resumed for view in self._views)

    @property
    def since(self) -> dict[str, float]:
        """From when on a write that gets through says, on each surface, that service is back."""
        return {view.load.surface: view.since for view in self._views}

    @property
    def resumed(self) -> dict[str, float]:
        """When the first such write got through on each surface, so far."""
        return {view.load.surface: view.resumed.ended for view in self._views if view.resumed is not None}

    def begin(self, deployment: SentinelDeployment, primary: ServerProcess) -> None:
        """Do it. Blocks until it is done.

        Raises:
            NotReadyError: if no Sentinel takes the order.
        """
        ordered = time.monotonic()
        sentence = perform(self._act, deployment, primary)
        # An order is obeyed while the answer is still under way; a process is dead, or stopped, only in the end.
        self.struck = ordered if self._act.planned else time.monotonic()
        self._timeline.say(sentence, Mark.STEP if self._act.planned else Mark.FAULT)

    def watch(self, limit: float) -> None:
        """Tell what happens until it is over, or until ``limit`` seconds after it began. Blocks."""
        planned = "Sentinel has to choose and promote a replica"
        self._timeline.expect(planned if self._act.planned else "Sentinel has to notice, agree, and promote a replica")
        while not self.is_over and time.monotonic() < self.struck + limit:
            for view in self._views:
                view.look(self.struck)
                self._tell_trouble(view)
            # After the look at the calls: whoever led a client to the new primary says so now, too.
            self._witness.look()
            self._tell_switch()
            for view in self._views:
                self._tell_resumed(view)
            time.sleep(_TICK)
        if self._witness.complete:
            self._tell_once("complete", "All Sentinels name the new primary.")

    def tell_reads(self) -> None:
        """Say how reads fared since it began."""
        now = time.monotonic()
        gaps = [
            f"{longest_gap(ends(view.load.calls, 'read'), self.struck, now) * 1000:,.0f} ms ({view.load.surface})"
            for view in self._views
        ]
        self._timeline.say(f"Longest gap between reads meanwhile: {', '.join(gaps)}.")

    # --- telling -------------------------------------------------------------------------------------

    def _tell_trouble(self, view: _View) -> None:
        name = view.load.surface
        for call in view.new:
            if call.outcome is Outcome.UNKNOWN:
                text = f"{name}: a write broke off, its outcome is unknown."
                self._tell_once((name, call.outcome), text, Mark.WAIT)
            elif not call.answered:
                text = f"{name}: a {call.kind} failed: {call.error or call.outcome.value}"
                self._tell_once((name, call.outcome), text, Mark.FAULT)
        if view.holds:
            self._tell_once(
                (name, "held"), f"{name}: the Sentinels choose another primary; writes are held.", Mark.WAIT
            )
        for kind in view.late() - ({"write"} if view.holds else set()):
            self._tell_once((name, kind), f"{name}: {kind}s wait.", Mark.WAIT)

    def _tell_switch(self) -> None:
        if self._witness.first is not None:
            moment, primary = self._witness.first
            text = f"Sentinel has switched to {primary.target}, {_ms(moment - self.struck)} after the {self._act.noun}."
            if self._tell_once("switch", text, Mark.SWITCH):
                self._timeline.expect("Writes have to find the new primary")

    def _tell_resumed(self, view: _View) -> None:
        if view.resumed is None:
            return
        moment = view.resumed.ended
        # A client does not wait for the Sentinels to agree: it goes to a promoted replica at once.
        switch = self._witness.first
        relation = "before" if switch is None or moment < switch[0] else f"{_ms(moment - switch[0])} after"
        after = f"{_ms(moment - self.struck)} after the {self._act.noun}"
        text = f"{view.load.surface}: writes again {after}, {relation} the switch."
        self._tell_once((view.load.surface, "resumed"), text, Mark.GOOD)

    def _tell_once(self, what: object, text: str, mark: Mark = Mark.STEP) -> bool:
        if what in self._told:
            return False
        self._told.add(what)
        self._timeline.say(text, mark)
        return True


class _View:
    """What is known of one load.

    Attributes:
        new: the calls that ended between the last two looks.
        since: the moment from which on a write that gets through says that service is back; infinity: not yet known.
        resumed: the first write of which that is true.
    """

    def __init__(self, load: Load, act: Act) -> None:
        self.load = load
        self.new: Sequence[Call] = ()
        self.since = math.inf
        self.resumed: Call | None = None
        self._act = act
        self._began = time.monotonic()
        self._seen = len(load.calls)
        self._first = self._seen

    def look(self, struck: float) -> None:
        self.new = self.load.calls[self._seen :]
        self._seen += len(self.new)
        if self.resumed is not None:
            return
        if not self._act.planned:
            self.since = struck
            self.resumed = first_answered_after(self.new, "write", struck)
            return
        # A primary that has to hand over answers until then, so that only an answer of the next one tells anything.
        changes = self._moments(PrimaryChanged)
        if changes:
            self.since = changes[0]
            later = (call for call in self.load.calls[self._first :] if call.kind == "write" and call.answered)
            self.resumed = min(
                (call for call in later if call.ended > self.since), key=lambda call: call.ended, default=None
            )

    @property
    def holds(self) -> bool:
        """Whether the client has begun to hold writes."""
        return bool(self._moments(FailoverStarted))

    def late(self) -> set[str]:
        """Return of which kinds calls have been waiting for too long; nothing once writes get through."""
        now = time.monotonic()
        return set() if self.resumed else {kind for kind, started in self.load.running if now - started > _LATE}

    def _moments(self, kind: type[Event]) -> list[float]:
        return [moment for moment, event in list(self.load.events) if isinstance(event, kind) and moment > self._began]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
