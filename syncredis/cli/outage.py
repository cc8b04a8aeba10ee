"""The middle of the demo's story: from the kill until service is back, each thing told when it shows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Final

from syncredis.cli.load import Load
from syncredis.cli.tally import Call, Outcome, ends, first_answered_after, longest_gap
from syncredis.cli.timeline import Mark, Timeline
from syncredis.cli.witness import SwitchWitness
from syncredis.testing import SentinelDeployment, ServerProcess

_TICK: Final = 0.01  # seconds between two looks
_LATE: Final = 0.1  # seconds after which a call that has not returned is worth a line


class Outage:
    """Kills the primary, and watches loads and Sentinels from then on.

    Args:
        loads: what goes on meanwhile.
        witness: of what the Sentinels say.
        timeline: where to tell it.

    Attributes:
        killed: when the primary was gone.
    """

    def __init__(self, loads: Sequence[Load], witness: SwitchWitness, timeline: Timeline) -> None:
        self.killed = math.inf
        self._witness = witness
        self._timeline = timeline
        self._views = [_View(load) for load in loads]
        self._told: set[object] = set()

    @property
    def is_over(self) -> bool:
        """Whether writes get through on each surface again, and all Sentinels agree."""
        return self._witness.complete and all(view.resumed for view in self._views)

    def kill(self, deployment: SentinelDeployment, primary: ServerProcess) -> None:
        """End the primary as a crash would. Blocks until it is gone."""
        process = primary.pid
        for view in self._views:
            view.look()
        deployment.kill(primary)
        self.killed = time.monotonic()
        self._timeline.say(f"kill -9 of the primary {primary.location.target} (process {process}).", Mark.FAULT)

    def watch(self, limit: float) -> None:
        """Tell what happens until it is over, or until ``limit`` seconds after the kill. Blocks."""
        self._timeline.expect("Sentinel has to notice, agree, and promote a replica")
        while not self.is_over and time.monotonic() < self.killed + limit:
            for view in self._views:
                view.look(self.killed)
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
        """Say how reads fared from the kill until now."""
        now = time.monotonic()
        gaps = [
            f"{longest_gap(ends(view.load.calls, 'read'), self.killed, now) * 1000:,.0f} ms ({view.load.surface})"
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
        for kind in view.late():
            self._tell_once((name, kind), f"{name}: {kind}s wait.", Mark.WAIT)

    def _tell_switch(self) -> None:
        if self._witness.first is not None:
            moment, primary = self._witness.first
            text = f"Sentinel has promoted {primary.target}, {_ms(moment - self.killed)} after the kill."
            if self._tell_once("switch", text, Mark.SWITCH):
                self._timeline.expect("Writes have to find the new primary")

    def _tell_resumed(self, view: _View) -> None:
        if view.resumed is None:
            return
        moment = view.resumed.ended
        # A client does not wait for the Sentinels to agree: it goes to a promoted replica at once.
        switch = self._witness.first
        relation = "before" if switch is None or moment < switch[0] else f"{_ms(moment - switch[0])} after"
        text = f"{view.load.surface}: writes again {_ms(moment - self.killed)} after the kill, {relation} the switch."
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
        resumed: the first write that got through after the kill.
    """

    def __init__(self, load: Load) -> None:
        self.load = load
        self.new: Sequence[Call] = ()
        self.resumed: Call | None = None
        self._seen = 0

    def look(self, killed: float = math.inf) -> None:
        self.new = self.load.calls[self._seen :]
        self._seen += len(self.new)
        if self.resumed is None:
            self.resumed = first_answered_after(self.new, "write", killed)

    def late(self) -> set[str]:
        """Return of which kinds calls have been waiting for too long; nothing once writes get through."""
        now = time.monotonic()
        return set() if self.resumed else {kind for kind, started in self.load.running if now - started > _LATE}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
