"""The story of ``syncredis demo``, from the first server to the verdict.

Threads and asyncio tasks write to the primary and read from the replicas; the primary is killed, and Sentinel promotes a
replica; the old primary comes back as a replica. In the end every acknowledged write is looked for on the new primary.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from syncredis.cli import summary
from syncredis.cli.load import WORKERS, AsyncioLoad, Load, Target, ThreadLoad
from syncredis.cli.outage import Outage
from syncredis.cli.tally import Report, count_of, ends, make_report
from syncredis.cli.timeline import Lane, Mark, Timeline
from syncredis.cli.witness import SwitchWitness, read_back, wait_for_replication
from syncredis.testing import NotReadyError, SentinelDeployment, ServerProcess

_TICK: Final = 0.01  # seconds between two looks
_FIRST_WRITE_LIMIT: Final = 10.0  # seconds
_REJOIN_LIMIT: Final = 30.0  # seconds
_HURRIED_SINCE: Final = (
    7,
    0,
    0,
)  # Sentinels before can not be told to hurry, and need 20 s for a primary that came back
_AFTERWARDS: Final = 0.8  # seconds of load once service is back, and as many once the old primary is


class _Moments(NamedTuple):
    """When the load began, when the primary was gone, when Sentinel switched (and how often), when the load ended."""

    began: float
    killed: float
    switched: float | None
    ended: float
    switches: int


class Story:
    """One failover under load. Each method tells a part of it, and blocks meanwhile.

    Args:
        deployment: not started yet.
        timeline: where to tell it.
        rate: writes per second on each surface, and as many reads.
        seconds: of load before the kill.
        limit: seconds after the kill within which service must be back.
    """

    def __init__(
        self, deployment: SentinelDeployment, timeline: Timeline, *, rate: float, seconds: float, limit: float
    ) -> None:
        self._deployment = deployment
        self._timeline = timeline
        self._rate = rate
        self._seconds = seconds
        self._limit = limit

    def tell(self) -> int:
        """Tell it from beginning to end; return 0 if all was well, else 1."""
        with self._deployment as deployment:
            self._introduce()
            target = Target(deployment.sentinel_locations, deployment.service_name, self._rate, self._limit)
            with ExitStack() as stack:
                loads = [stack.enter_context(load) for load in (ThreadLoad(target), AsyncioLoad(target))]
                moments = self._under_load(loads)
                self._timeline.expect("The last calls return")
            self._timeline.follow([])
            reports = self._verify(loads, moments)
            self._timeline.expect("Everything ends")
        self._timeline.expect(None)
        return self._conclude(loads, reports, moments)

    # --- the parts -----------------------------------------------------------------------------------

    def _introduce(self) -> None:
        deployment = self._deployment
        replicas, sentinels = len(deployment.replicas), len(deployment.sentinels)
        self._timeline.progress("Waiting until new writes reach the replicas.")
        # Else what is written now would be lost for want of a copy, and prove nothing.
        if not wait_for_replication(deployment.primary.location, replicas):
            raise NotReadyError("new writes do not reach the replicas")
        parts = f"1 primary, {count_of(replicas, 'replica')}, {count_of(sentinels, 'Sentinel')}"
        self._timeline.say(f"In service: {parts} ({deployment.binary}).")

    def _under_load(self, loads: Sequence[Load]) -> _Moments:
        timeline, deployment = self._timeline, self._deployment
        self._begin(loads)
        began = time.monotonic()
        timeline.expect("All is quiet")
        time.sleep(self._seconds)
        old = deployment.current_primary()
        with SwitchWitness(deployment.sentinel_locations, deployment.service_name, old.location) as witness:
            outage = Outage(loads, witness, timeline)
            outage.kill(deployment, old)
            outage.watch(self._limit)
        if outage.is_over:
            timeline.expect("Some more load")
            time.sleep(_AFTERWARDS)
            outage.tell_reads()
            self._rejoin(old)
        switched = None if witness.first is None else witness.first[0]
        switches = max(sentinel.read_log().count("+switch-master") for sentinel in deployment.sentinels)
        return _Moments(began, outage.killed, switched, time.monotonic(), switches)

    def _begin(self, loads: Sequence[Load]) -> None:
        timeline = self._timeline
        timeline.expect("The clients ask the Sentinels where to go")
        for load in loads:
            load.start()
        for found in dict.fromkeys(load.found for load in loads):
            surfaces = " and ".join(load.surface for load in loads if load.found == found)
            replicas = ", ".join(replica.target for replica in sorted(found.replicas))
            timeline.say(f"Discovered ({surfaces}): primary {found.primary.target}, replicas {replicas}.")
        timeline.follow([Lane(load.surface, load.calls, self._rate) for load in loads])
        timeline.expect("The first writes")
        deadline = time.monotonic() + _FIRST_WRITE_LIMIT
        while not all(ends(load.calls, "write") for load in loads) and time.monotonic() < deadline:
            time.sleep(_TICK)
        timeline.say(
            f"Load: {WORKERS} writers and {WORKERS} readers in threads (sync), as many asyncio tasks (async); "
            f"{self._rate:,g} writes/s and reads/s each."
        )

    def _rejoin(self, old: ServerProcess) -> None:
        timeline, where = self._timeline, old.location.target
        if self._deployment.binary.version < _HURRIED_SINCE:
            return
        timeline.expect("The old primary starts again, empty")
        try:
            self._deployment.restart(old)
            timeline.say(f"The old primary is back on {where}, not yet a replica.")
            timeline.expect("The Sentinels have to make it a replica")
            self._deployment.wait_until_ready(_REJOIN_LIMIT)
        except NotReadyError as error:  # a pity, but neither the client's doing nor its concern
            timeline.say(str(error), Mark.WAIT)
            return
        timeline.say(f"The old primary has become a replica of {self._deployment.current_primary().location.target}.")
        timeline.expect("Some more load")
        time.sleep(_AFTERWARDS)

    def _verify(self, loads: Sequence[Load], moments: _Moments) -> list[Report]:
        """Look for what was written where the Sentinels say that the primary is."""
        timeline = self._timeline
        keys = {load.surface: [call.key for call in load.calls if call.kind == "write"] for load in loads}
        stored: dict[str, str | None] | None = None
        if moments.switched is not None:
            timeline.expect("Every key is read back from the new primary")
            primary = self._deployment.current_primary().location
            stored = read_back(primary, [key for part in keys.values() for key in part])
            timeline.say(f"Load has ended. {count_of(len(stored), 'key')} read back from {primary.target}.")
        return [
            make_report(
                load.surface,
                load.calls,
                began=moments.began,
                killed=moments.killed,
                ended=moments.ended,
                stored=None if stored is None else {key: stored[key] for key in keys[load.surface]},
                stuck=len(load.running),
            )
            for load in loads
        ]

    def _conclude(self, loads: Sequence[Load], reports: Sequence[Report], moments: _Moments) -> int:
        """Sum up; return the exit status."""
        timeline = self._timeline
        labels = [(moments.killed, "kill")]
        if moments.switched is not None:
            labels.append((moments.switched, "switch"))
        calls = {load.surface: load.calls for load in loads}
        summary.show_chart(timeline, calls, self._rate, moments.began, moments.ended, labels)
        summary.show_table(timeline, reports)
        summary.show_notes(timeline, reports, writers=WORKERS, switches=moments.switches)
        complaints = [f"{report.surface}: {', '.join(report.complaints)}" for report in reports if report.complaints]
        if moments.switched is None:
            complaints.insert(0, f"no failover within {self._limit:g} s")
        summary.show_verdict(timeline, complaints)
        return 1 if complaints else 0
