"""Connections of the caller's own make: what they override is called, whoever uses them."""

import asyncio
import sys

import redis
import redis.asyncio

port = int(sys.argv[1])
redis.Redis(port=port).flushdb()
called = set()


class Listening(redis.Connection):
    """Notes what is called, and introduces itself."""

    def connect(self):
        called.add("connect")
        super().connect()

    def on_connect_check_health(self, check_health=True):
        called.add("on_connect")
        super().on_connect_check_health(check_health=check_health)
        self.send_command("CLIENT", "SETNAME", "own")
        called.add(f"introduced: {self.read_response()}")

    def send_command(self, *args, **kwargs):
        if args[0] != "HELLO":  # whether the handshake goes this way, too, is not promised
            called.add(f"send_command {args[0]}")
        super().send_command(*args, **kwargs)

    def send_packed_command(self, command, check_health=True):
        called.add("send_packed_command")
        super().send_packed_command(command, check_health)

    def read_response(self, *args, **kwargs):
        reply = super().read_response(*args, **kwargs)
        if isinstance(reply, bytes):
            called.add(f"read {reply}")
        return reply


class Upper(redis.Connection):
    """Changes replies."""

    def read_response(self, *args, **kwargs):
        reply = super().read_response(*args, **kwargs)
        return reply.upper() if isinstance(reply, bytes) else reply


def noted():
    found = sorted(called)
    called.clear()
    called.add("connect")  # redis-py calls it whenever a connection is lent, the shims when there is none yet
    return found


def blocking():
    r = redis.Redis(connection_pool=redis.ConnectionPool(Listening, port=port))
    print(r.set("k", "value"), noted())
    print(r.get("k"), r.client_getname(), noted())
    print(r.pipeline().get("k").incr("n").execute(), "read b'value'" in noted())
    print(r.pipeline(False).get("k").echo("e").execute(), "send_packed_command" in noted())
    with r.pipeline() as pipe:
        pipe.watch("k")
        print(pipe.get("k"))
        pipe.multi()
        pipe.set("k", "other")
        print(pipe.execute())
    try:
        r.lpush("k", "x")
    except redis.ResponseError as error:
        print(type(error).__name__, error)
    print(r.pipeline(False).lpush("k", "x").get("k").execute(raise_on_error=False)[1])
    print(r.blpop("nothing", timeout=0.01), sorted(r.scan_iter(match="k")), r.hgetall("nothing"))
    with r.pubsub() as pubsub:
        pubsub.subscribe("c")
        print(pubsub.get_message(timeout=20))
    r.close()
    print([type(c).__name__ for c in [r.connection_pool.get_connection()]])
    upper = redis.Redis(connection_pool=redis.ConnectionPool(Upper, port=port))
    print(upper.get("k"), upper.pipeline().get("k").execute(), upper.mget("k")[0])
    upper.connection_pool.disconnect()
    single = redis.Redis(connection_pool=redis.ConnectionPool(Upper, port=port), single_connection_client=True)
    print(single.get("k"))
    single.close()
    text = redis.Redis(connection_pool=redis.ConnectionPool(Upper, port=port, decode_responses=True))
    print(text.get("k"), text.echo("e"), text.config_get("maxmemory-policy"))
    text.connection_pool.disconnect()


class AsyncListening(redis.asyncio.Connection):
    """The same, awaited."""

    async def connect(self):
        called.add("connect")
        await super().connect()

    async def on_connect_check_health(self, check_health=True):
        called.add("on_connect")
        await super().on_connect_check_health(check_health=check_health)
        await self.send_command("CLIENT", "SETNAME", "own")
        called.add(f"introduced: {await self.read_response()}")

    async def send_command(self, *args, **kwargs):
        if args[0] != "HELLO":  # whether the handshake goes this way, too, is not promised
            called.add(f"send_command {args[0]}")
        await super().send_command(*args, **kwargs)

    async def send_packed_command(self, command, check_health=True):
        called.add("send_packed_command")
        await super().send_packed_command(command, check_health)

    async def read_response(self, *args, **kwargs):
        reply = await super().read_response(*args, **kwargs)
        if isinstance(reply, bytes):
            called.add(f"read {reply}")
        return reply


class AsyncUpper(redis.asyncio.Connection):
    async def read_response(self, *args, **kwargs):
        reply = await super().read_response(*args, **kwargs)
        return reply.upper() if isinstance(reply, bytes) else reply


async def awaited():
    r = redis.asyncio.Redis(connection_pool=redis.asyncio.ConnectionPool(AsyncListening, port=port))
    print(await r.set("k", "value"), noted())
    print(await r.get("k"), await r.client_getname(), noted())
    print(await r.pipeline().get("k").incr("n").execute(), "read b'value'" in noted())
    async with r.pipeline() as pipe:
        await pipe.watch("k")
        print(await pipe.get("k"))
        pipe.multi()
        pipe.set("k", "other")
        print(await pipe.execute())
    try:
        await r.lpush("k", "x")
    except redis.ResponseError as error:
        print(type(error).__name__, error)
    print(await r.blpop("nothing", timeout=0.01), [key async for key in r.scan_iter(match="k")])
    print(await asyncio.gather(*(r.echo(str(number)) for number in range(5))))
    async with r.pubsub() as pubsub:
        await pubsub.subscribe("c")
        print(await pubsub.get_message(timeout=20))
    lent = await r.connection_pool.get_connection()
    print(type(lent).__name__, lent.is_connected)
    await r.connection_pool.release(lent)
    await r.connection_pool.disconnect()
    print(lent.is_connected, await r.ping())
    await r.aclose()
    await r.connection_pool.aclose()
    upper = redis.asyncio.Redis(connection_pool=redis.asyncio.ConnectionPool(AsyncUpper, port=port))
    print(await upper.get("k"), await upper.pipeline().get("k").execute(), (await upper.mget("k"))[0])
    await upper.connection_pool.disconnect()
    pool = redis.asyncio.ConnectionPool(AsyncUpper, port=port)
    single = redis.asyncio.Redis(connection_pool=pool, single_connection_client=True)
    print(await single.get("k"))
    await single.aclose()
    await pool.disconnect()


blocking()
asyncio.run(awaited())
