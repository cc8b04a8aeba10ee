"""RQ: jobs enqueued, run and their results read; one that fails, one that depends on another, one in the future."""

import sys
from datetime import timedelta

import redis
from rq import Queue, SimpleWorker
from rq.job import Job

connection = redis.Redis(port=int(sys.argv[1]))
queue = Queue(connection=connection)
first = queue.enqueue("operator.add", 2, 3)
second = queue.enqueue("operator.mul", 4, 5, depends_on=first)
failing = queue.enqueue("operator.truediv", 1, 0)
later = queue.enqueue_in(timedelta(hours=1), "operator.add", 1, 1)
assert queue.count == 2, queue.count
worker = SimpleWorker([queue], connection=connection)
worker.work(burst=True, with_scheduler=False)
assert first.return_value() == 5, first.get_status()
assert second.return_value() == 20, second.get_status()
assert failing.get_status(refresh=True) == "failed"
assert later.id in queue.scheduled_job_registry
assert Job.fetch(first.id, connection=connection).result == 5
later.delete()
print("done")
