"""Locks and registered scripts."""

import sys

import redis
from redis.exceptions import LockError, LockNotOwnedError
from redis.lock import Lock

r = redis.Redis(port=int(sys.argv[1]))
r.flushall()


def tried(call):
    try:
        return call()
    except LockError as error:
        return type(error).__name__, str(error), error.lock_name


lock = r.lock("l", timeout=10)
print(
    isinstance(lock, Lock),
    lock.locked(),
    lock.acquire(blocking=False),
    lock.locked(),
    lock.owned(),
    r.get("l") == lock.local.token,
)
other = r.lock("l", timeout=10)
print(other.acquire(blocking=False), other.acquire(blocking_timeout=0.05, sleep=0.01), other.owned())
print(tried(other.release), tried(lambda: other.extend(1)), tried(other.reacquire))
print(
    lock.extend(20),
    10 < r.ttl("l") <= 30,
    lock.extend(5, replace_ttl=True),
    r.ttl("l") <= 5,
    lock.reacquire(),
    r.ttl("l") > 5,
)
print(lock.release(), lock.locked(), tried(lock.release))
print(lock.acquire(token="mine"), r.get("l"), lock.local.token)
r.set("l", "somebody else")
print(tried(lambda: lock.extend(1)), tried(lock.release))
r.delete("l")
with r.lock("l", timeout=10) as held:
    print(held.owned())
    try:
        with r.lock("l", blocking_timeout=0.02, sleep=0.01):
            print("never")
    except LockError as error:
        print(type(error).__name__, error)
try:
    with r.lock("l", timeout=10):
        r.delete("l")
except LockNotOwnedError as error:
    print(type(error).__name__, error)
with r.lock("l", timeout=10, raise_on_release_error=False):
    r.delete("l")
forever = r.lock("l")
print(forever.acquire(), r.ttl("l"), tried(lambda: forever.extend(1)), tried(forever.reacquire), forever.release())

multiply = r.register_script("return redis.call('GET', KEYS[1]) * ARGV[1]")
r.set("a", 2)
print(multiply(keys=["a"], args=[3]), multiply.sha, r.script_exists(multiply.sha))
r.script_flush()
print(multiply(keys=["a"], args=[4]))
r.script_flush()
pipe = r.pipeline()
pipe.set("a", 5)
multiply(keys=["a"], args=[2], client=pipe)
print(pipe.execute(), r.script_exists(multiply.sha))
broken = r.register_script("return redis.call('NOTHING')")
try:
    broken()
except redis.ResponseError as error:
    print(type(error).__name__)
r.close()
