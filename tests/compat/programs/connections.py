"""Connections by hand, pools, URLs, errors of connecting, options."""

import sys

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

port = int(sys.argv[1])
pool = redis.ConnectionPool(port=port, max_connections=2, client_name="me")
first, second = pool.get_connection(), pool.get_connection()
try:
    pool.get_connection()
except redis.MaxConnectionsError as error:
    print(type(error).__name__, error)
first.send_command("SET", "a", 1)
first.send_command("GET", "a")
print(first.can_read(timeout=20), first.read_response(), first.read_response(), first.can_read(), first._sock is None)
first.send_command("INCR", b"\xff" * 2, "too many")
try:
    first.read_response()
except redis.ResponseError as error:
    print(type(error).__name__, error)
first.send_packed_command(first.pack_command("ECHO", "packed"))
print(first.read_response(), first.is_connected, pool.owns_connection(first) and True)
first.disconnect()
print(first._sock, first.is_connected)
first.send_command("PING")
print(first.read_response(), repr(first).split("(")[1])
pool.release(first)
pool.release(second)
print(pool.connection_kwargs["port"] == port, pool.get_encoder().encode(1.5), pool.get_protocol())
client = redis.Redis(connection_pool=pool)
print(client.client_getname(), client.get("a"), client.get_connection_kwargs()["client_name"])
pool.disconnect()
print(client.ping())
pool.close()
blocking = redis.BlockingConnectionPool(port=port, max_connections=1, timeout=0.05)
one = blocking.get_connection()
try:
    blocking.get_connection()
except redis.ConnectionError as error:
    print(type(error).__name__, error)
blocking.release(one)
blocking.disconnect()
for url in (
    "redis://localhost",
    "redis://user:pass%20word@host:1234/5?socket_timeout=2.5&socket_keepalive=no&retry_on_timeout=true&health_check_interval=9",
    "rediss://h/1?ssl_cert_reqs=none&ssl_check_hostname=False",
    "unix://user:word@/tmp/s.sock?db=3&max_connections=7",
    "redis://h?a=1&b=x%2Fy&protocol=3",
    "http://h",
    "redis://h?db=x",
):
    try:
        found = parse_url(url)
        print({name: value if name != "connection_class" else value.__name__ for name, value in sorted(found.items())})
    except ValueError as error:
        print(type(error).__name__, error)
try:
    redis.Redis(port=1, retry=None).ping()
except redis.ConnectionError as error:
    print(type(error).__name__)
try:
    redis.Redis(port=port, password="wrong", retry=None).ping()
except redis.AuthenticationError as error:
    print(type(error).__name__, isinstance(error, redis.ConnectionError))
try:
    redis.Redis(port=port, db=9999, retry=None).ping()
except redis.ResponseError as error:
    print(type(error).__name__, error)
attempts = []


def failing():
    attempts.append(1)
    raise redis.ConnectionError("no")


retry = Retry(ConstantBackoff(0), 3)
try:
    retry.call_with_retry(failing, print)
except redis.ConnectionError as error:
    print(
        error, len(attempts), retry.get_retries(), retry == Retry(ConstantBackoff(0), 3), retry == Retry(NoBackoff(), 3)
    )
single = redis.Redis(port=port, single_connection_client=True)
print(
    single.client_setname("single"),
    single.client_getname(),
    single.select(1),
    single.get("a"),
    single.connection is not None,
)
single.close()
given = redis.Redis(port=port, username="default", socket_timeout=3, client_name="n").connection_pool.connection_kwargs
print(
    {
        name: given[name]
        for name in ("db", "username", "socket_timeout", "socket_connect_timeout", "encoding", "decode_responses")
    }
)
copied = redis.Redis(
    **{
        name: value
        for name, value in given.items()
        if name not in ("username", "himport_registry", "event_dispatcher")
        and not name.startswith(("maint", "oss_", "orig_", "cache"))
    }
)
print(copied.ping(), copied.client_getname())
lenient = redis.Redis(port=port, decode_responses=True, encoding_errors="replace")
lenient.set("b", b"\xffx")
print(lenient.get("b"))
strict = redis.Redis(port=port, decode_responses=True)
try:
    strict.get("b")
except UnicodeDecodeError as error:
    print(type(error).__name__, strict.ping())
