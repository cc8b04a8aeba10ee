"""django-redis and Django's own cache: values set, read, counted, locked, listed and deleted by pattern.

    django_cache.py URL [SENTINEL_PORT ...]

With ports, the server is found through Sentinels, and fails over in between: a line on stdin says when that is over.
"""

import sys

from django.conf import settings

url, *ports = sys.argv[1:]
pure = {
    "own": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url},
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url},
}
found = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.SentinelClient",
            "CONNECTION_POOL_CLASS": "redis.sentinel.SentinelConnectionPool",
            "SENTINELS": [("127.0.0.1", int(port)) for port in ports],
        },
    }
}
settings.configure(
    CACHES=found if ports else pure,
    DJANGO_REDIS_CONNECTION_FACTORY="django_redis.pool.SentinelConnectionFactory"
    if ports
    else "django_redis.pool.ConnectionFactory",
)

from django.core.cache import caches  # noqa: E402 - after the settings

for name in caches.settings:
    cache = caches[name]
    assert cache.set("a", {"deep": [1, 2]}, 100) is not False
    assert cache.get("a") == {"deep": [1, 2]}
    assert cache.add("a", 1) is False
    cache.set("n", 1)
    assert cache.incr("n", 4) == 5
    cache.set_many({"x": 1, "y": 2})
    assert cache.get_many(["x", "y", "z"]) == {"x": 1, "y": 2}
    assert cache.get("none", "default") == "default"
    assert cache.touch("a", 5)
    assert cache.delete("a")
    assert cache.has_key("n")
cache = caches["default"]
assert cache.ttl("n") is not None
assert sorted(cache.keys("*")) == ["n", "x", "y"], cache.keys("*")
with cache.lock("lock", timeout=10):
    assert cache.keys("lock")
assert cache.delete_pattern("x*") == 1
if ports:
    print("ready", flush=True)
    sys.stdin.readline()
    cache.set("after", "the failover")
    assert cache.get("after") == "the failover"
cache.clear()
assert cache.keys("*") == []
print("done")
