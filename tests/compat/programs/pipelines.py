"""Pipelines: chaining, transactions, watching, errors."""

import sys

import redis

r = redis.Redis(port=int(sys.argv[1]))
r.flushall()
pipe = r.pipeline()
print(pipe.set("a", 1).get("a").incr("a").hset("h", mapping={"f": "v"}).hgetall("h").execute(), len(pipe), bool(pipe))
with r.pipeline(transaction=False) as pipe:
    pipe.zadd("z", {"m": 1})
    pipe.zrange("z", 0, -1, withscores=True)
    pipe.mget([])
    pipe.expire("z", 100)
    print(len(pipe), pipe.execute(), pipe.execute())
for transaction in (True, False):
    pipe = r.pipeline(transaction=transaction)
    pipe.set("k", "text").incr("k").get("k")
    try:
        pipe.execute()
    except redis.ResponseError as error:
        print(type(error).__name__, error)
    pipe.set("k", "text").incr("k").get("k")
    print(
        [
            type(reply).__name__ if isinstance(reply, Exception) else reply
            for reply in pipe.execute(raise_on_error=False)
        ]
    )
pipe = r.pipeline().zrem("z").set("k", 1)
try:
    pipe.execute()
except redis.ResponseError as error:
    print(type(error).__name__, error)
with r.pipeline() as pipe:
    pipe.watch("n")
    value = int(pipe.get("n") or 0)
    print(pipe.watching, value)
    pipe.multi()
    pipe.set("n", value + 1).get("n")
    print(pipe.execute(), pipe.watching)
    pipe.watch("n")
    r.set("n", 100)
    pipe.multi()
    pipe.set("n", 1)
    try:
        pipe.execute()
    except redis.WatchError as error:
        print(type(error).__name__, error, r.get("n"))
    pipe.watch("n")
    print(pipe.unwatch(), pipe.watching)
    try:
        pipe.multi()
        pipe.multi()
    except redis.RedisError as error:
        print(type(error).__name__, error)
    try:
        pipe.watch("n")
    except redis.RedisError as error:
        print(type(error).__name__, error)


def increment(pipe: redis.client.Pipeline) -> str:
    found = int(pipe.get("n"))
    pipe.multi()
    pipe.set("n", found + 1)
    return "returned"


print(r.transaction(increment, "n"), r.transaction(increment, "n", value_from_callable=True), r.get("n"))
r.set_response_callback("GET", lambda reply, **options: ("called", reply, options))
print(r.get("n"), r.pipeline().get("n").execute())
r.close()
