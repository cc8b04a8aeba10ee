"""Dramatiq: messages sent, handled by a worker, results read from its backend; a rate limiter."""

import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend as LimiterBackend
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

port = int(sys.argv[1])
broker = RedisBroker(port=port)
broker.add_middleware(Results(backend=RedisBackend(port=port)))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def add(x, y):
    return x + y


limiter = ConcurrentRateLimiter(LimiterBackend(port=port), "limited", limit=1)
with limiter.acquire(raise_on_failure=False) as acquired, limiter.acquire(raise_on_failure=False) as refused:
    assert acquired
    assert not refused
worker = dramatiq.Worker(broker, worker_timeout=100)
worker.start()
try:
    messages = [add.send(n, 1) for n in range(5)]
    assert [message.get_result(block=True, timeout=60_000) for message in messages] == [1, 2, 3, 4, 5]
    broker.join(add.queue_name)
finally:
    worker.stop()
    broker.close()
print("done")
