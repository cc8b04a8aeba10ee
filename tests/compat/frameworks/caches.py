"""cachelib and Flask-Caching: values set, read, counted and deleted.

caches.py PORT [MASTER_NAME SENTINEL_PORT ...]
"""

import sys

from cachelib import RedisCache
from flask import Flask
from flask_caching import Cache

port, *sentinels = sys.argv[1:]
config = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": f"redis://localhost:{port}/0"}
if sentinels:
    name, *ports = sentinels
    places = [("127.0.0.1", int(each)) for each in ports]
    config = {"CACHE_TYPE": "RedisSentinelCache", "CACHE_REDIS_SENTINELS": places, "CACHE_REDIS_SENTINEL_MASTER": name}
else:
    plain = RedisCache(port=int(port))
    assert plain.set("a", [1])
    assert plain.get("a") == [1]
    assert plain.has("a")
    assert plain.add("a", 2) is False
    assert plain.set_many({"b": 1, "c": 2})
    assert plain.get_many("b", "c") == [1, 2]
    assert plain.inc("b", 4) == 5
    assert plain.delete("a")
    assert plain.get("a") is None
    assert plain.clear()

app = Flask("test")
cache = Cache(app, config=config)
calls = []


@cache.memoize(60)
def double(number):
    calls.append(number)
    return number * 2


with app.app_context():
    assert [double(2), double(2), double(3)] == [4, 4, 6]
    assert calls == [2, 3] or sentinels, calls  # a replica may lag behind
    cache.set("key", "value")
    if sentinels:
        print("ready", flush=True)
        sys.stdin.readline()
        cache.set("key", "value")
    assert sentinels or cache.get("key") == "value"
    cache.delete("key")
    cache.clear()
print("done")
