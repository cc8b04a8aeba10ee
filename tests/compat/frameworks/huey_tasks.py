"""Huey: tasks enqueued, run by a consumer, their results read; a lock and a scheduled task."""

import sys

from huey import RedisExpireHuey, RedisHuey

for kind in (RedisHuey, RedisExpireHuey):
    huey = kind("test", port=int(sys.argv[1]))

    @huey.task()
    def add(x, y):
        return x + y

    result = add(2, 3)
    add.schedule((1, 1), delay=3600)
    consumer = huey.create_consumer(workers=1, periodic=False)
    consumer.start()
    try:
        assert result.get(blocking=True, timeout=60) == 5
        with huey.lock_task("lock"):
            assert huey.is_locked("lock")
    finally:
        consumer.stop(graceful=True)
    huey.storage.flush_all()
print("done")
