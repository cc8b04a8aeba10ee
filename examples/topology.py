"""What a service looks like, what is wrong with it, and what happens to it, while its primary is moved.

Starts a deployment of its own:

    pip install "syncredis[embedded]"
    python examples/topology.py
"""

from __future__ import annotations

from syncredis.sentinel import Sentinel
from syncredis.sentinel.events import PrimaryChanged
from syncredis.sentinel.reports import Topology
from syncredis.testing import SentinelDeployment


def main() -> None:
    with SentinelDeployment(replicas=2, sentinels=3, service_name="myredis") as deployment:
        sentinel = Sentinel(deployment.sentinel_locations)
        # The client is what has the Sentinels listened to; events come for as long as there is one.
        with sentinel, sentinel.events() as events, sentinel.primary_for("myredis") as primary:
            primary.set("visits", 1)
            show(sentinel.topology("myredis"))
            for finding in sentinel.diagnose("myredis"):
                print(finding)

            deployment.failover()
            for event in events:
                print(f"event: {type(event).__name__}, by {event.source.partition(' ')[0]}")
                if isinstance(event, PrimaryChanged):
                    break
            primary.incr("visits")
            show(sentinel.topology("myredis"))
            print("visits:", primary.get("visits"))


def show(topology: Topology) -> None:
    where = "nobody" if topology.primary is None else topology.primary.location.target
    print(f"epoch {topology.epoch}: primary {where}, Sentinels agree: {topology.agreed}")
    for replica in topology.replicas:
        # Right after a failover, the old primary does not follow the new one yet.
        state = "no replica yet" if replica.link is None else f"{replica.link}, {replica.lag} bytes behind"
        print(f"  replica {replica.location.target}: {state}")


if __name__ == "__main__":
    main()
