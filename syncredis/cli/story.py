"""The story of ``syncredis demo``, from the first server to the verdict.

Threads and asyncio tasks write to the primary and read from the replicas. In each act the primary is lost, in one way or
another, and Sentinel promotes a replica; the old primary takes part again as a replica. In the end every acknowledged write
is looked for on the primary.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from syncredis import RedisError
from syncredis.cli import summary
from syncredis.cli.acts import Act, bring_back
from syncredis.cli.chronicle import Chronicle, Scene, client_moments, sentinel_moments
from syncredis.cli.load import WORKERS, AsyncioLoad, Load, Target, ThreadLoad
from syncredis.cli.outage import Outage
from syncredis.cli.states import StateWitness
from syncredis.cli.tally import Call, Report, count_of, ends, make_report
from syncredis.cli.timeline import Lane, Mark, Timeline
from syncredis.cli.witness import StrayWitness, SwitchWitness, read_back, wait_for_replication
from syncredis.testing import NotReadyError, SentinelDeployment, ServerProcess

_TICK: Final = 0.01  # seconds between two looks
_FIRST_WRITE_LIMIT: Final = 10.0  # seconds
_REJOIN_LIMIT: Final = 60.0  # seconds
_HURRIED_SINCE: Final = (
    7,
    0,
    0,
)  # Sentinels before can not be told to hurry, and need 20 s for a primary that came back
_BETWEEN: Final = 1.0  # seconds of load before an act that is not the first, at most
_AFTERWARDS: Final = 0.8  # seconds of load once service is back, and as many once the old primary is


class Story:
    """Failovers under load. Each method tells a part of it, and blocks meanwhile.

    Args:
        deployment: not started yet.
        timeline: where to tell it.
        acts: what happens to the primaries, in this order.
        rate: writes per second on each surface, and as many reads.
        seconds: of load before the first act.
        limit: seconds after each blow within which service must be back.

    Attributes:
        chronicle: what happened, once it has been told.
        reports: of each act, what became of each surface.
        complaints: what was not well.
    """

    chronicle: Chronicle
    reports: Sequence[Sequence[Report]]
    complaints: Sequence[str]

    def __init__(
        self,
        deployment: SentinelDeployment,
        timeline: Timeline,
        *,
        acts: Sequence[Act],
        rate: float,
        seconds: float,
        limit: float,
    ) -> None:
        self._deployment = deployment
        self._timeline = timeline
        self._acts = acts
        self._rate = rate
        self._seconds = seconds
        self._limit = limit

    def tell(self) -> int:
        """Tell it from beginning to end; return 0 if all was well, else 1."""
        timeline = self._timeline
        with self._deployment as deployment:
            self._introduce()
            target = Target(deployment.sentinel_locations, deployment.service_name, self._rate, self._limit)
            with ExitStack() as stack:
                loads = [stack.enter_context(load) for load in (ThreadLoad(target), AsyncioLoad(target))]
                states = stack.enter_context(StateWitness(deployment.nodes))
                self._begin(loads)
                scenes = list(self._scenes(loads))
                timeline.expect("The last calls return")
            timeline.follow([])
            self.chronicle = self._chronicle(loads, scenes, states)
            self.reports = self._verify(loads, scenes)
            timeline.expect("Everything ends")
        timeline.expect(None)
        return self._conclude()

    # --- the parts -----------------------------------------------------------------------------------

    def _introduce(self) -> None:
        deployment = self._deployment
        replicas, sentinels = len(deployment.replicas), len(deployment.sentinels)
        self._timeline.progress("Waiting until new writes reach the replicas.")
        self._settle()
        parts = f"1 primary, {count_of(replicas, 'replica')}, {count_of(sentinels, 'Sentinel')}"
        self._timeline.say(f"In service: {parts} ({deployment.binary}).")

    def _settle(self) -> None:
        # Else what is written now would be lost for want of a copy, and prove nothing.
        deployment = self._deployment
        if not wait_for_replication(deployment.current_primary().location, len(deployment.replicas)):
            raise NotReadyError("new writes do not reach the replicas")

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

    def _scenes(self, loads: Sequence[Load]) -> Iterator[Scene]:
        began = time.monotonic()
        for number, act in enumerate(self._acts):
            is_last = number == len(self._acts) - 1
            self._timeline.heading(act.title)
            self._timeline.expect("All is quiet")
            quiet = min(self._seconds, _BETWEEN) if number else self._seconds
            scene = self._scene(act, loads, began, quiet, is_last=is_last)
            yield scene
            if not scene.is_over:
                return
            began = scene.ended

    def _scene(self, act: Act, loads: Sequence[Load], began: float, quiet: float, *, is_last: bool) -> Scene:
        timeline, deployment = self._timeline, self._deployment
        before = self._switches()
        time.sleep(quiet)
        old = deployment.current_primary()
        with SwitchWitness(deployment.sentinel_locations, deployment.service_name, old.location) as witness:
            outage = Outage(act, loads, witness, timeline)
            outage.begin(deployment, old)
            outage.watch(self._limit)
        first = witness.first
        looks = strays = 0
        if outage.is_over and first is not None:
            timeline.expect("Some more load")
            time.sleep(_AFTERWARDS)
            outage.tell_reads()
            later = max(first[0], *outage.resumed.values())
            with StrayWitness(old.location, lambda: _written_after(later, loads)) as stray:
                self._rejoin(act, old, is_last=is_last)
            looks, strays = stray.looks, len(stray.found)
        return Scene(
            act=act,
            began=began,
            struck=outage.struck,
            switched=None if first is None else first[0],
            ended=time.monotonic(),
            old=old.location.target,
            new=None if first is None else first[1].target,
            is_over=outage.is_over,
            since=outage.since,
            resumed=outage.resumed,
            looks=looks,
            strays=strays,
            switches=self._switches() - before,
        )

    def _switches(self) -> int:
        return max(sentinel.read_log().count("+switch-master") for sentinel in self._deployment.sentinels)

    def _rejoin(self, act: Act, old: ServerProcess, *, is_last: bool) -> None:
        timeline, deployment = self._timeline, self._deployment
        is_slow = deployment.binary.version < _HURRIED_SINCE
        try:
            sentence = bring_back(act, deployment, old)
            if sentence is not None:
                timeline.say(sentence)
            if is_slow and is_last:
                return
            timeline.expect("The Sentinels have to make it a replica" + (", for some 20 s" if is_slow else ""))
            deployment.wait_until_ready(_REJOIN_LIMIT)
            self._settle()
        except (NotReadyError, RedisError) as error:  # a pity, but neither the client's doing nor its concern
            timeline.say(str(error), Mark.WAIT)
            return
        timeline.say(f"The old primary has become a replica of {deployment.current_primary().location.target}.")
        timeline.expect("Some more load")
        time.sleep(_AFTERWARDS)

    def _chronicle(self, loads: Sequence[Load], scenes: Sequence[Scene], states: StateWitness) -> Chronicle:
        shift = time.monotonic() - time.time()
        heard = [moment for load in loads for moment in client_moments(load.events, load.surface)]
        said = [
            moment
            for sentinel in self._deployment.sentinels
            for moment in sentinel_moments(sentinel.read_log(), sentinel.name, shift)
        ]
        return Chronicle(
            server=str(self._deployment.binary),
            rate=self._rate,
            scenes=scenes,
            calls={load.surface: list(load.calls) for load in loads},
            heard=sorted(heard),
            said=sorted(said),
            states=states.states(),
        )

    def _verify(self, loads: Sequence[Load], scenes: Sequence[Scene]) -> list[list[Report]]:
        """Look for what was written where the Sentinels say that the primary is; return a report for each act and surface."""
        timeline = self._timeline
        keys = [call.key for load in loads for call in load.calls if call.kind == "write"]
        stored: dict[str, str | None] | None = None
        if scenes[-1].switched is not None:
            timeline.expect("Every key is read back from the primary")
            primary = self._deployment.current_primary().location
            stored = read_back(primary, keys)
            timeline.say(f"Load has ended. {count_of(len(stored), 'key')} read back from {primary.target}.")
        return [
            [_report(load, scene, stored, is_first=scene is scenes[0], is_last=scene is scenes[-1]) for load in loads]
            for scene in scenes
        ]

    def _conclude(self) -> int:
        """Sum up; return the exit status."""
        timeline, chronicle, reports = self._timeline, self.chronicle, self.reports
        summary.show_chart(timeline, chronicle)
        summary.show_table(timeline, chronicle.scenes, reports)
        summary.show_notes(timeline, chronicle.scenes, reports, writers=WORKERS)
        self.complaints = summary.complaints(chronicle.scenes, reports, self._limit)
        summary.show_verdict(timeline, self.complaints)
        return 1 if self.complaints else 0


def _written_after(moment: float, loads: Sequence[Load]) -> list[str]:
    return [call.key for load in loads for call in list(load.calls) if call.kind == "write" and call.started > moment]


def _report(load: Load, scene: Scene, stored: dict[str, str | None] | None, *, is_first: bool, is_last: bool) -> Report:
    begin = 0.0 if is_first else scene.began
    # What ends after the last act has ended belongs to it as well.
    calls: list[Call] = [call for call in load.calls if begin <= call.ended and (is_last or call.ended < scene.ended)]
    keys = {call.key for call in calls if call.kind == "write"}
    return make_report(
        load.surface,
        calls,
        began=scene.began,
        struck=scene.since[load.surface],
        ended=scene.ended,
        stored=None if stored is None else {key: stored[key] for key in keys},
        stuck=len(load.running) if is_last else 0,
    )
