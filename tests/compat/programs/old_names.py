"""Old names and parameters: what still works, and the warning that comes with it."""

import asyncio
import sys
import warnings
from functools import partial

import redis
import redis.asyncio
from redis.utils import SENTINEL

port = int(sys.argv[1])


def shown(caught):
    return sorted({(str(each.message).partition(" (")[0], each.filename == __file__) for each in caught})


def told(what):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        returned = what()
    return returned, shown(each for each in caught if each.category is DeprecationWarning)


async def told_later(what):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        returned = await what()
    return returned, shown(each for each in caught if each.category is DeprecationWarning)


r = redis.Redis(port=port)
r.flushall()
print(told(lambda: r.setex("k", 10, "v")), told(lambda: r.hmset("h", {"f": "v"})))
print(told(lambda: r.pipeline().setex("k", 10, "v").execute()))
print([each[0] for each in told(r.watch)[1] + told(r.unwatch)[1]], told(r.ping))
for options in ({"lib_name": "l"}, {"lib_name": None, "lib_version": None}, {"retry_on_timeout": True}):
    client, warned = told(partial(redis.Redis, port=port, **options))
    print(warned, client.ping())
    client.close()
connection, warned = told(lambda: redis.Connection(port=port, lib_name="l", lib_version="1"))
print(warned, connection.driver_info.formatted_name, connection.driver_info.lib_version)
pool = redis.ConnectionPool(port=port)
for arguments in ((), ("GET",), ("GET", "k")):
    lent, warned = told(partial(pool.get_connection, *arguments))
    print(warned)
    pool.release(lent)
pool.close()
print(redis.Redis(port=port).connection_pool.connection_kwargs["driver_info"].formatted_name)
print(redis.Redis(port=port, driver_info=None).connection_pool.connection_kwargs["driver_info"])
print(redis.driver_info.resolve_driver_info(SENTINEL, None, None) is None)
r.close()


async def main():
    async with redis.asyncio.Redis(port=port) as r:
        print(await told_later(lambda: r.setex("k", 10, "v")), await told_later(lambda: r.hmset("h", {"f": "v"})))
        lent, warned = await told_later(r.connection_pool.get_connection)
        print(warned, (await told_later(lent.can_read_destructive)))
        await r.connection_pool.release(lent)
        lent, warned = await told_later(lambda: r.connection_pool.get_connection("GET"))
        print(warned)
        await r.connection_pool.release(lent)
        pubsub = r.pubsub()
        await pubsub.subscribe("c")
        print((await told_later(pubsub.reset))[1], (await told_later(pubsub.close))[1])
        print((await told_later(r.close))[1])
    print(isinstance(r.get_retry(), redis.asyncio.retry.Retry), r.get_retry().get_retries())
    client, warned = told(lambda: redis.asyncio.Redis(port=port, lib_name="l", auto_close_connection_pool=True))
    print(len(warned), await client.ping())
    await client.aclose()


asyncio.run(main())
