"""Celery on `syncredis.compat`: broker and results behind Sentinel, while the primary is moved.

    pip install "syncredis[embedded]" celery
    python examples/celery_tasks.py

Celery does `import redis`; after `install`, that is this library. It has to come before anything that imports Celery.
"""

# ruff: noqa: E402 - what imports redis has to come after `install`
from __future__ import annotations

import syncredis.compat

syncredis.compat.install()

from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.exceptions import TimeoutError

from syncredis.testing import SentinelDeployment

app = Celery("shop")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"master_name": "myredis"},
    result_backend_transport_options={"master_name": "myredis"},
    worker_cancel_long_running_tasks_on_connection_loss=True,
)


@app.task
def total(prices: list[int]) -> int:
    """Return what all of it costs. It may run twice: Celery repeats what it lost sight of."""
    return sum(prices)


def ask(prices: list[int]) -> int:
    """Have the total computed, again if no result comes: a broker that breaks can lose a task, or its result."""
    while True:
        try:
            result: int = total.delay(prices).get(timeout=5)
            return result
        except TimeoutError:
            continue


def main() -> None:
    with SentinelDeployment(replicas=1, sentinels=3, service_name="myredis") as deployment:
        where = ";".join(f"sentinel://{host}:{port}" for host, port in deployment.sentinel_locations)
        app.conf.update(broker_url=where, result_backend=where)
        with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=30):
            print("before:", [ask([1, number]) for number in range(5)])
            deployment.failover()
            print("after:", [ask([1, number]) for number in range(5)])


if __name__ == "__main__":
    main()
