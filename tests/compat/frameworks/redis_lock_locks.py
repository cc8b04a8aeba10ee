"""python-redis-lock: locks taken, waited for, renewed and given back."""

import sys
import threading

import redis
import redis_lock

connection = redis.StrictRedis(port=int(sys.argv[1]))
lock = redis_lock.Lock(connection, "name", expire=10, auto_renewal=True)
assert lock.acquire(blocking=False)
other = redis_lock.Lock(connection, "name", expire=10)
assert not other.acquire(blocking=False)
assert not other.acquire(timeout=1)
waiting = threading.Thread(target=other.acquire)
waiting.start()
lock.release()
waiting.join(60)
assert not waiting.is_alive()
assert other.locked()
other.extend(expire=20)
other.release()
with redis_lock.Lock(connection, "name", expire=10):
    assert connection.exists("lock:name")
redis_lock.reset_all(connection)
print("done")
