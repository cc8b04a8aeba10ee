"""`Listener`: the thread that listens to all Sentinels, and has done what follows from what they tell."""

from __future__ import annotations

import itertools
import logging
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeAlias

from syncredis import interruption
from syncredis.config import ConnectionConfig, Location
from syncredis.exceptions import AuthorizationError, RedisError, SentinelError
from syncredis.interruption import Interruption
from syncredis.sentinel import jobs
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.events import Audience
from syncredis.sentinel.service_watch import ServiceWatch
from syncredis.sentinel.steps import Arrive, Consult, Inquire, Look, Pursue, Step, Tell, Unblock
from syncredis.sentinel.subscription import Subscription

logger = logging.getLogger(__name__)

#: Seconds between two attempts with a Sentinel, or a primary whose offset is looked at, that can not be reached.
_RETRY_AFTER: Final = 1.0

#: Seconds after which a Sentinel that tells what happens is asked all the same.
_LOOK_AFTER: Final = 10.0

#: Seconds after which one is asked again that will not tell: its user may not subscribe.
_POLL_AFTER: Final = 0.5

#: Seconds after which one that is silent is asked for a sign of life.
_SILENT_FOR: Final = 1.0

#: Seconds for which the thread sleeps at most: then it looks whether anybody still wants to know.
_TICK: Final = 0.5

Result: TypeAlias = Callable[[], Iterable[Step]]


class _Post:
    """One Sentinel: what is heard from it, and when it is to be visited."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.subscription: Subscription | None = None
        self.may_subscribe = True
        self.is_visited = False
        self.is_heard = True  # as far as is known
        self.due = 0.0
        self._heard_since = 0.0
        self._lost_early = 0  # how often in a row

    def begin(self, subscription: Subscription) -> None:
        """Hear it by ``subscription`` from now on."""
        self.subscription = subscription
        self._heard_since = time.monotonic()

    def lose(self) -> None:
        """Be visited again: at once, but ever later if it hangs up as soon as it is subscribed to."""
        now = time.monotonic()
        self._lost_early = self._lost_early + 1 if now - self._heard_since < _RETRY_AFTER else 0
        early = self._lost_early - 1
        self.due = now if early < 1 else now + min(_RETRY_AFTER * 2 ** min(early - 1, 8), _LOOK_AFTER)


class Listener:
    """Listens until it is stopped, or nobody wants to know any more.

    Args:
        discovery: knows the Sentinels, and asks them.
        audience: is told what happens.
        wanted: whether anybody still wants to know.
        watch_offsets: seconds between two looks at a primary's replication offset; None: it is not looked at.
    """

    def __init__(
        self,
        discovery: Discovery,
        audience: Audience,
        *,
        wanted: Callable[[], bool],
        watch_offsets: float | None = None,
    ) -> None:
        self._discovery = discovery
        self._audience = audience
        self._wanted = wanted
        self._watch_offsets = watch_offsets
        self._looked_at: set[tuple[str, Location]] = set()
        self._posts: dict[Location, _Post] = {}
        self._poll = select.poll()
        # Guards what other threads touch.
        self._lock = threading.RLock()
        self._services: dict[str, ServiceWatch] = {}
        # By which a service knows whose the holds are: one that ends does not open what its successor has shut.
        self._mark = object()
        self._results: deque[Result] = deque()
        self._jobs: set[Interruption] = set()
        self._unclaimed: set[Subscription] = set()
        self._unblockings: dict[str, jobs.Unblocking] = {}  # the last one of each service
        self._numbers = itertools.count(1)
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._woken, False)
        self._poll.register(self._woken, select.POLLIN)
        self.is_over = False
        self._stopped = threading.Event()
        self._is_majority_lost = False

    # --- from any thread ------------------------------------------------------------------------------

    def start(self, head_start: float) -> None:
        """Begin in ``head_start`` seconds, in a thread of its own."""
        try:
            threading.Thread(target=self._run, args=(head_start,), name="syncredis-watch", daemon=True).start()
        except RuntimeError:  # the system has no thread to give; the next connection asks again
            self.is_over = True
            self._close()

    @property
    def goes_on(self) -> bool:
        """Whether it listens. Who began to want to know before this was asked is heard: see `_goes_on`."""
        with self._lock:
            return not self.is_over

    def add(self, service: ServiceWatch) -> None:
        """Watch a service, too. Never blocks."""
        with self._lock:
            if self._services.get(service.name) is service:
                return
            self._services[service.name] = service
            service.attend(self._mark)
            self._results.append(lambda: [Look()])
        self._wake()

    def stop(self) -> None:
        """End the thread, and what it has had begun. Never blocks."""
        with self._lock:
            self.is_over = True
            running = list(self._jobs)
        self._stopped.set()
        for job in running:
            job.interrupt()
        self._wake()

    def close_in_child(self) -> None:
        """Close a forked process's copies of what the thread had open."""
        self._lock = threading.RLock()
        self._jobs.clear()  # they are the parent's, and so is what `stop` would break off
        for post in self._posts.values():
            if post.subscription is not None:
                post.subscription.close_in_child()
        self._close()

    def _wake(self) -> None:
        with self._lock, suppress(OSError):
            if self._waker >= 0:
                os.write(self._waker, b"!")

    # --- the thread -----------------------------------------------------------------------------------

    def _run(self, head_start: float) -> None:
        try:
            self._stopped.wait(head_start)
            while self._goes_on():
                try:
                    self._go_round()
                except Exception:
                    logger.exception("listening to the Sentinels failed; it begins again in %g s", _RETRY_AFTER)
                    self._stopped.wait(_RETRY_AFTER)
                    self._begin_again()
        finally:
            self.stop()
            for post in self._posts.values():
                self._unsubscribe(post)
            for service in list(self._services.values()):
                service.leave(self._mark)
            self._close()

    def _go_round(self) -> None:
        self._tend_posts()
        self._hear(self._poll.poll(_TICK * 1000))
        self._take_results()
        self._open_gates()
        self._mind_majority()
        self._mind_offsets()

    def _begin_again(self) -> None:
        """Visit every Sentinel anew: what was heard last may not have been understood to its end."""
        for post in self._posts.values():
            self._unsubscribe(post)
            if not post.is_visited:
                post.due = 0.0

    def _goes_on(self) -> bool:
        with self._lock:
            self.is_over = self.is_over or not self._wanted()
            return not self.is_over

    def _close(self) -> None:
        with self._lock:
            for descriptor in (self._woken, self._waker):
                with suppress(OSError):
                    os.close(descriptor)
            self._woken = self._waker = -1
            self._results.clear()
            for subscription in self._unclaimed:
                subscription.close()
            self._unclaimed.clear()

    def _tend_posts(self) -> None:
        """Have a post at each Sentinel that is known, and visit those that are due."""
        known = self._discovery.sentinels
        for location in [location for location in self._posts if location not in known]:
            post = self._posts[location]
            if not post.is_visited:
                self._unsubscribe(self._posts.pop(location))
        now = time.monotonic()
        for location in known:
            post = self._posts.setdefault(location, _Post(location))
            self._listen_for_life(post, now)
            if now >= post.due and not post.is_visited:
                self._visit(post)

    def _listen_for_life(self, post: _Post, now: float) -> None:
        subscription = post.subscription
        if subscription is None or now - subscription.last_heard < _SILENT_FOR:
            return
        patience = self._discovery.config.stream_timeout or _SILENT_FOR
        if not subscription.asked:
            try:
                subscription.ask_for_sign()
            except RedisError as error:
                self._lose(post, error)
        elif now - subscription.last_heard > _SILENT_FOR + patience:
            post.is_heard = False
            self._lose(post, None)

    def _visit(self, post: _Post) -> None:
        post.is_visited = True
        post.due = math.inf
        names = list(self._services)
        subscribes = post.may_subscribe and post.subscription is None

        def visit() -> Result:
            try:
                visited = jobs.visit(self._discovery, post.location, names, subscribes=subscribes)
            except Exception:
                logger.exception("visiting %s failed", post.location.target)
                visited = jobs.Visit(None, None, {})
            self._keep(visited.subscription)
            return lambda: self._end_visit(post, visited)

        if not self._begin(f"visit-{post.location.target}", visit):
            post.is_visited = False
            post.due = time.monotonic() + _RETRY_AFTER

    def _keep(self, subscription: Subscription | None) -> None:
        """Let a subscription not get lost on its way to the thread that listens."""
        with self._lock:
            if subscription is None:
                return
            if not self.is_over:
                self._unclaimed.add(subscription)
                return
        subscription.close()

    def _claim(self, subscription: Subscription) -> bool:
        """Take over what was kept; return whether it is still there."""
        with self._lock:
            kept = subscription in self._unclaimed
            self._unclaimed.discard(subscription)
            return kept

    def _end_visit(self, post: _Post, visited: jobs.Visit) -> Iterable[Step]:
        post.is_visited = False
        post.is_heard = post.subscription is not None or visited.subscription is not None or bool(visited.answers)
        now = time.monotonic()
        if isinstance(visited.failure, AuthorizationError):
            logger.info("%s does not let us subscribe; it is asked instead", post.location.target)
            post.may_subscribe = False
        if visited.subscription is not None and self._claim(visited.subscription):
            post.begin(visited.subscription)
            self._poll.register(visited.subscription.fileno(), select.POLLIN)
            yield from self._hear_from(post)  # what came together with the confirmation
        pause = _LOOK_AFTER if post.subscription is not None else _RETRY_AFTER if post.may_subscribe else _POLL_AFTER
        post.due = min(post.due, now + pause)  # somebody may have wanted another one meanwhile
        for name, named in visited.answers.items():
            yield from self._services[name].hear_answer(named, f"the answer of {post.location.target}")

    def _hear(self, ready: list[tuple[int, int]]) -> None:
        descriptors = {descriptor for descriptor, _ in ready}
        if self._woken in descriptors:
            with suppress(BlockingIOError):
                os.read(self._woken, 4096)
        for post in self._posts.values():
            if post.subscription is not None and post.subscription.fileno() in descriptors:
                self._do(self._hear_from(post))

    def _hear_from(self, post: _Post) -> Iterable[Step]:
        if post.subscription is None:
            return
        try:
            messages = post.subscription.take()
        except RedisError as error:
            if isinstance(error, AuthorizationError):
                post.may_subscribe = False
            self._lose(post, error)
            return
        for message in messages:
            service = self._services.get(message.service_name)
            if service is None:
                continue
            try:
                translated = message.translated(self._discovery.translate)
            except SentinelError as error:  # it is the application's function that fails
                logger.warning("what %s says of %r is not heard: %s", post.location.target, service.name, error)
                continue
            yield from service.hear(translated, f"{message.event} from {post.location.target}", post.location)

    def _take_results(self) -> None:
        while self._results:
            self._do(self._results.popleft()())

    def _open_gates(self) -> None:
        for service in list(self._services.values()):
            service.release_if_over()
            self._do(service.mind_leader())

    def _mind_majority(self) -> None:
        """In strict mode, let go of every primary while too few Sentinels can be heard."""
        if not self._discovery.strict:
            return
        was_lost = self._is_majority_lost
        self._is_majority_lost = 2 * sum(post.is_heard for post in self._posts.values()) <= len(self._posts)
        if self._is_majority_lost and not was_lost:
            for service in list(self._services.values()):
                self._do(service.isolate())

    def _mind_offsets(self) -> None:
        """Have somebody look how far each primary is, if that is wanted."""
        for service in [] if self._watch_offsets is None else list(self._services.values()):
            location, config = service.at, next((pool.config for pool in list(service.pools)), None)
            if location is not None and config is not None and (service.name, location) not in self._looked_at:
                self._look_at(service, config.at(location))

    def _look_at(self, service: ServiceWatch, config: ConnectionConfig) -> None:
        assert self._watch_offsets is not None
        interval = self._watch_offsets
        looked_at = (service.name, config.location)
        self._looked_at.add(looked_at)

        def look() -> Result:
            def over() -> bool:
                return self.is_over or service.at != config.location

            with suppress(RedisError):
                jobs.watch_offsets(config, service.offsets, interval, over)
            if not over():  # it can not be reached, or will not tell: that may last
                interruption.sleep(_RETRY_AFTER)
            return lambda: self._end_look(looked_at)

        if not self._begin("offsets", look):
            self._looked_at.discard(looked_at)

    def _end_look(self, looked_at: tuple[str, Location]) -> Iterable[Step]:
        self._looked_at.discard(looked_at)
        return ()

    def _lose(self, post: _Post, error: RedisError | None) -> None:
        logger.info("no longer hearing %s: %s", post.location.target, error or "it is silent")
        self._unsubscribe(post)
        post.lose()
        for service in list(self._services.values()):
            self._do(service.lose(post.location))

    def _unsubscribe(self, post: _Post) -> None:
        subscription, post.subscription = post.subscription, None
        if subscription is not None:
            with suppress(KeyError, ValueError):
                self._poll.unregister(subscription.fileno())
            subscription.close()

    # --- what follows ---------------------------------------------------------------------------------

    def _do(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Tell(event):
                    self._audience.tell(event)
                case Look():
                    for post in self._posts.values():
                        post.due = 0.0
                case Pursue() | Unblock() | Consult() | Inquire() | Arrive():
                    self._do_beside(step)

    def _do_beside(self, step: Pursue | Unblock | Consult | Inquire | Arrive) -> None:
        service = self._services[step.service_name]
        match step:
            case Pursue(_, candidate, source):
                config = next((pool.config for pool in list(service.pools)), None)
                if config is None:
                    return
                unblocking = self._unblockings.get(service.name)

                def pursue() -> Result | None:
                    over = lambda: self.is_over or not service.is_pursued(candidate)  # noqa: E731
                    if not jobs.await_promotion(config.at(candidate), over, lambda: service.may_be_stale(candidate)):
                        return None
                    if unblocking is not None:  # until then, to leave the old primary would cut those calls off
                        unblocking.wait()
                    return lambda: service.hear_of_promotion(candidate, f"{source}, and its own word")

                self._begin("pursue", pursue)
            case Unblock(_, primary):
                begun = self._unblockings[service.name] = jobs.Unblocking()

                def unblock() -> None:
                    try:
                        for pool in list(service.pools):
                            jobs.unblock(pool.config.at(primary), pool.waiting)
                    finally:
                        begun.end()

                if not self._begin("unblock", unblock):
                    begun.end()
            case Consult(name, source):

                def consult() -> Result | None:
                    primary = jobs.consult(self._discovery, name)
                    return None if primary is None else lambda: service.hear_majority(primary, source)

                self._begin("consult", consult)
            case Inquire(name, leader, chosen):

                def inquire() -> Result:
                    leads = jobs.is_leading(self._discovery, name, leader, chosen)
                    return lambda: service.hear_of_leader(leader, leads)

                self._begin("inquire", inquire)
            case Arrive():
                self._discovery.forget(service.name)

                def arrive() -> Result:
                    try:
                        # One after the other, which takes time: who was closed meanwhile shall not be opened again.
                        there = (pool for pool in list(service.pools) if pool in service.pools)
                        event = jobs.arrive(step, there)
                    finally:
                        service.release(step.hold)
                    config = next((pool.config for pool in list(service.pools)), None)
                    if self._watch_offsets is not None and config is not None:
                        loss = jobs.compare_offsets(config.at(step.new), service.offsets)
                        event = replace(event, loss=loss)
                    service.offsets.wanted.set()  # who looks at the old primary need not any more
                    return lambda: [Tell(event)]

                if not self._begin("arrive", arrive):
                    service.release(step.hold)

    def _begin(self, name: str, job: Callable[[], Result | None]) -> bool:
        """Run ``job`` in a thread; what it returns is called in this one, and returns further steps.

        Returns whether it could begin.
        """
        mine = Interruption()

        def run() -> None:
            try:
                result = mine.run(job)
            except RedisError:  # interrupted, for the listening is over
                result = None
            except Exception:
                logger.exception("%s failed", name)
                result = None
            with self._lock:
                self._jobs.discard(mine)
                if result is not None:
                    self._results.append(result)
            self._wake()

        with self._lock:
            if self.is_over:
                return False
            self._jobs.add(mine)
        try:
            threading.Thread(target=run, name=f"syncredis-{name}", daemon=True).start()
        except RuntimeError as error:  # the system has no thread to give
            logger.warning("%s could not begin: %s", name, error)
            with self._lock:
                self._jobs.discard(mine)
            return False
        return True
