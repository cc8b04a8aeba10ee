"""The async client: commands, pipelines, subscriptions, locks, scripts, connections."""

import asyncio
import sys

import redis.asyncio as redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError, LockNotOwnedError

port = int(sys.argv[1])


async def commands(r):
    print(await r.set("a", 1), await r.get("a"), await r.incr("a"), await r.mget(["a", "none"]), await r.mget([]))
    print(await r.hset("h", mapping={"f": "v"}), await r.hgetall("h"), await r.zadd("z", {"m": 1.5}))
    print(await r.zrange("z", 0, -1, withscores=True), await r.zpopmin("z"), await r.blpop("none", 0.01))
    print(await asyncio.gather(*(r.get("a") for _ in range(5))), (await r.info("server"))["tcp_port"] == port)
    print(sorted([key async for key in r.scan_iter()]), [pair async for pair in r.hscan_iter("h")])
    for failing in (r.lpush("a", 1), r.execute_command("NO-SUCH"), r.set("a", b"x", ex=1)):
        try:
            print(await failing)
        except redis.ResponseError as error:
            print(type(error).__name__, str(error).partition("with args")[0])
    try:
        await r.set("a", None)
    except redis.DataError as error:
        print(type(error).__name__)


async def pipelines(r):
    async with r.pipeline() as pipe:
        print(await pipe.set("p", 1).incr("p").get("p").execute(), len(pipe))
        pipe.set("k", "text").incr("k")
        try:
            await pipe.execute()
        except redis.ResponseError as error:
            print(type(error).__name__, error)
        await pipe.watch("p")
        value = int(await pipe.get("p"))
        pipe.multi()
        pipe.set("p", value + 1)
        print(await pipe.execute(), await r.get("p"))
        await pipe.watch("p")
        await r.set("p", 100)
        pipe.multi()
        pipe.set("p", 1)
        try:
            await pipe.execute()
        except redis.WatchError as error:
            print(type(error).__name__, error)

    async def increment(pipe):
        found = int(await pipe.get("p"))
        pipe.multi()
        pipe.set("p", found + 1)
        return "returned"

    print(await r.transaction(increment, "p"), await r.transaction(increment, "p", value_from_callable=True))


async def subscriptions(r):
    handled = []
    async with r.pubsub() as p:
        await p.subscribe("one", two=handled.append)
        await p.psubscribe("p*")
        for _ in range(3):
            print(await p.get_message(timeout=20))
        print(await r.publish("one", "x"), await r.publish("two", "y"), await r.publish("pat", "z"))
        print(
            await p.get_message(timeout=20), await p.get_message(timeout=20), await p.get_message(timeout=20), handled
        )
        print(await p.get_message(timeout=0.01), await p.get_message(), sorted(p.channels), p.subscribed)
        await p.unsubscribe()
        await p.punsubscribe()
        print(sorted([(message["type"], message["channel"]) async for message in p.listen()]), p.subscribed)


async def locks(r):
    lock = r.lock("l", timeout=10)
    print(isinstance(lock, Lock), await lock.acquire(), await lock.locked(), await lock.owned())
    other = r.lock("l", timeout=10)
    print(await other.acquire(blocking=False), await other.acquire(blocking_timeout=0.02))
    print(await lock.extend(10), await lock.reacquire(), await lock.release(), await lock.locked())
    try:
        await lock.release()
    except LockError as error:
        print(type(error).__name__, error)
    try:
        async with r.lock("l", timeout=10):
            await r.delete("l")
    except LockNotOwnedError as error:
        print(type(error).__name__, error)
    script = r.register_script("return ARGV[1]")
    print(await script(args=["x"]), await r.script_exists(script.sha))
    pipe = r.pipeline()
    await script(args=["y"], client=pipe)
    print(await pipe.execute())


async def connections():
    pool = redis.ConnectionPool.from_url(f"redis://localhost:{port}/0?max_connections=1", decode_responses=True)
    connection = await pool.get_connection()
    try:
        await pool.get_connection()
    except redis.ConnectionError as error:
        print(type(error).__name__, error)
    await connection.send_command("ECHO", "by hand")
    print(await connection.read_response())
    await pool.release(connection)
    client = redis.Redis(connection_pool=pool)
    print(await client.ping(), await client.echo("text"))
    await pool.aclose()
    async with redis.Redis(port=port, single_connection_client=True) as single:
        print(await single.client_setname("single"), await single.client_getname(), await single.select(1))
    try:
        await redis.Redis(port=1, retry=None).ping()
    except redis.ConnectionError as error:
        print(type(error).__name__)
    owning = await redis.from_url(f"redis://localhost:{port}")
    print(await owning.ping())
    await owning.aclose()


async def main():
    r = redis.Redis(port=port)
    await r.flushall()
    await commands(r)
    await pipelines(r)
    await subscriptions(r)
    await locks(r)
    await r.aclose()
    await connections()


asyncio.run(main())
