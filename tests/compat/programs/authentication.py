"""AUTH of clients that share their connections: whoever has authenticated is that user, whatever is called next."""

import asyncio
import sys

import redis
import redis.asyncio

port = int(sys.argv[1])


def kind_of(error):
    return type(error).__name__, str(error).partition(".")[0]


def blocking():
    r = redis.Redis(port=port)
    try:
        r.auth("unasked")
    except redis.AuthenticationError as error:
        print(kind_of(error))
    r.acl_setuser("reader", enabled=True, passwords=["+word"], commands=["+get", "+acl|whoami", "+blpop"], keys=["*"])
    try:
        r.auth("wrong", "reader")
    except redis.AuthenticationError as error:
        print(kind_of(error), r.acl_whoami())
    r.config_set("requirepass", "secret")
    print(r.auth("secret"), r.set("k", "v"), r.get("k"))
    print(r.acl_whoami(), r.auth("word", username="reader"), r.acl_whoami(), r.get("k"))
    try:
        r.set("k", "other")
    except redis.exceptions.NoPermissionError as error:
        print(type(error).__name__)
    print(r.blpop("nothing", timeout=0.01), r.pipeline(False).acl_whoami().get("k").execute())
    r.connection_pool.disconnect()
    r.close()
    owner = redis.Redis(port=port, password="secret")
    print(owner.acl_whoami(), owner.config_set("requirepass", ""), owner.acl_deluser("reader"))
    owner.close()


async def awaited():
    r = redis.asyncio.Redis(port=port)
    try:
        await r.auth("unasked")
    except redis.AuthenticationError as error:
        print(kind_of(error))
    await r.acl_setuser(
        "reader", enabled=True, passwords=["+word"], commands=["+get", "+acl|whoami", "+blpop"], keys=["*"]
    )
    try:
        await r.auth("wrong", "reader")
    except redis.AuthenticationError as error:
        print(kind_of(error), await r.acl_whoami())
    await r.config_set("requirepass", "secret")
    print(await r.auth("secret"), await r.set("k", "v"), await r.get("k"))
    print(await r.acl_whoami(), await r.auth("word", username="reader"), await r.acl_whoami(), await r.get("k"))
    try:
        await r.set("k", "other")
    except redis.exceptions.NoPermissionError as error:
        print(type(error).__name__)
    print(await r.blpop("nothing", timeout=0.01), await r.pipeline(False).acl_whoami().get("k").execute())
    await r.aclose()
    owner = redis.asyncio.Redis(port=port, password="secret")
    print(await owner.acl_whoami(), await owner.config_set("requirepass", ""), await owner.acl_deluser("reader"))
    await owner.aclose()


blocking()
asyncio.run(awaited())
