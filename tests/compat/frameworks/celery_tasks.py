"""Celery, and Kombu under it: tasks sent, run by a worker, their results read; groups, chords and a broadcast.

    celery_tasks.py BROKER [MASTER_NAME]

With a name, the broker is reached through Sentinels, and fails over in between: a line on stdin says when that is over.
"""

import sys

from celery import Celery, chord, group
from celery.contrib.testing.worker import start_worker

broker, *names = sys.argv[1:]
options = {"master_name": names[0], "socket_timeout": 5} if names else {}
app = Celery("tasks", broker=broker, backend=broker)
app.conf.update(
    broker_transport_options=options,
    result_backend_transport_options=options,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def add(x, y):
    return x + y


@app.task
def total(numbers):
    return sum(numbers)


with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=60):
    assert add.delay(2, 3).get(timeout=60) == 5
    assert group(add.s(n, n) for n in range(5)).apply_async().get(timeout=60) == [0, 2, 4, 6, 8]
    if names:
        print("ready", flush=True)
        sys.stdin.readline()
        assert add.delay(20, 30).get(timeout=60) == 50
    else:
        assert chord((add.s(n, 1) for n in range(3)), total.s()).apply_async().get(timeout=60) == 6
        assert app.control.ping(timeout=2), "no worker answers a broadcast"
print("done")
