"""Threads that share one client for the primary and one for the replicas, while the primary is killed.

Starts a deployment of its own:

    pip install "syncredis[embedded]"
    python examples/sentinel_sync.py
"""

from __future__ import annotations

import threading

from syncredis.sentinel import Sentinel
from syncredis.testing import SentinelDeployment

WORKERS = 4
VISITS_EACH = 200


def main() -> None:
    with SentinelDeployment(replicas=2, sentinels=3, service_name="myredis") as deployment:
        sentinel = Sentinel(deployment.sentinel_locations)
        with sentinel, sentinel.primary_for("myredis") as primary, sentinel.replica_for("myredis") as replica:
            print("primary:", sentinel.discover_primary("myredis"))
            print("replicas:", sentinel.discover_replicas("myredis"))

            half_done = threading.Barrier(WORKERS + 1)

            def work(name: str) -> None:
                for number in range(VISITS_EACH):
                    if number == VISITS_EACH // 2:
                        half_done.wait()
                    # Each key is written once: setting it again does no harm, so a retry of our own is safe.
                    key = f"visit:{name}:{number}"
                    while True:
                        try:
                            primary.set(key, key)
                            break
                        except ConnectionError as error:
                            print(f"  {name}: {error}")

            workers = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(WORKERS)]
            for worker in workers:
                worker.start()
            half_done.wait()
            old = deployment.primary
            print("killing the primary, on port", old.port)
            deployment.kill(old)
            for worker in workers:
                worker.join()

            # A write that the old primary had acknowledged, but not sent to its replicas yet, has gone with it.
            print("primary:", sentinel.discover_primary("myredis"))
            print("keys on the primary:", primary.dbsize(), "- a replica says:", replica.dbsize())


if __name__ == "__main__":
    main()
