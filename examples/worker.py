"""A queue of jobs that loses none: workers take jobs, and give back those of workers that died.

Starts a deployment of its own, and moves the primary while the workers work:

    pip install "syncredis[embedded]"
    python examples/worker.py
"""

from __future__ import annotations

import threading
import uuid

from syncredis import OutcomeUnknownError, Redis, Sentinel
from syncredis.testing import SentinelDeployment

WAITING, DONE = "jobs:waiting", "jobs:done"
JOBS, WORKERS = 300, 3


class Worker:
    """Takes one job after the other. What it works on stands in a list of its own, and is not lost with it."""

    def __init__(self, client: Redis[str], name: str) -> None:
        self._client = client
        self._mine = f"jobs:of:{name}"

    def run(self, stopped: threading.Event) -> None:
        """Work until ``stopped`` is set and nothing is left to do."""
        while True:
            job = self._take()
            if job is not None:
                self._finish(job, job.upper())
            elif stopped.is_set():
                return

    def _take(self) -> str | None:
        try:
            # What was taken when the last connection broke stands in our list already.
            return self._client.lindex(self._mine, -1) or self._client.blmove(WAITING, self._mine, 1, "RIGHT", "LEFT")
        except OutcomeUnknownError:
            return None  # if a job was taken, the next look at our list finds it

    def _finish(self, job: str, result: str) -> None:
        while True:
            try:
                with self._client.pipeline() as together:
                    together.hset(DONE, job, result)
                    together.lrem(self._mine, 1, job)
                    together.execute()
                return
            except OutcomeUnknownError:
                continue  # the same result under the same name, and a job is removed once: again does no harm


def add_jobs(client: Redis[str], count: int) -> None:
    """Add jobs, each with a name of its own."""
    client.lpush(WAITING, *(f"job-{number}-{uuid.uuid4().hex[:8]}" for number in range(count)))


def main() -> None:
    with SentinelDeployment(replicas=1, sentinels=3, service_name="myredis") as deployment:
        sentinel = Sentinel(deployment.sentinel_locations)
        with sentinel, sentinel.primary_for("myredis") as client:
            add_jobs(client, JOBS)
            stopped = threading.Event()
            threads = [
                threading.Thread(target=Worker(client, f"worker-{number}").run, args=(stopped,))
                for number in range(WORKERS)
            ]
            for thread in threads:
                thread.start()
            deployment.failover()
            add_jobs(client, JOBS)
            stopped.set()
            for thread in threads:
                thread.join()
            print("jobs done:", client.hlen(DONE), "- waiting:", client.llen(WAITING))


if __name__ == "__main__":
    main()
