"""A consumer group: orders are shared out among workers, and what a dead worker had is taken over.

Starts a server of its own:

    pip install "syncredis[embedded]"
    python examples/stream_group.py
"""

from __future__ import annotations

import threading

from syncredis import Redis
from syncredis.stream import GroupConsumer
from syncredis.testing import ServerProcess

ORDERS = 100


def work(client: Redis[str], name: str, finished: threading.Event) -> None:
    """Cook orders until all are done."""
    orders = GroupConsumer(client, ["orders"], group="kitchen", consumer=name, count=10, reclaim_after=0.5)
    while not finished.is_set():
        order = orders.get_message(timeout=0.2)
        if order is None:
            continue
        with client.pipeline() as together:
            # Entries come at least once. What is recorded under the entry's own id is recorded once.
            together.hset("cooked", order.id, f"{order.fields['item']} by {name}")
            together.xack("orders", "kitchen", order.id)
            done = together.hlen("cooked")
            together.execute()
        if done.value == ORDERS:
            finished.set()


def main() -> None:
    with ServerProcess() as server, Redis(*server.location) as client:
        for number in range(ORDERS):
            client.xadd("orders", {"item": f"tea-{number}"})

        dead = GroupConsumer(client, ["orders"], group="kitchen", consumer="dan", count=10)
        dead.get_message(timeout=5)
        print("dan took", client.xpending("orders", "kitchen")["pending"], "orders and died")

        finished = threading.Event()
        workers = [threading.Thread(target=work, args=(client, name, finished)) for name in ("ann", "bob")]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print("orders cooked:", client.hlen("cooked"), "- pending:", client.xpending("orders", "kitchen")["pending"])


if __name__ == "__main__":
    main()
