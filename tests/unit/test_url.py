"""URLs: what they hold, and what is refused - without repeating what may be secret."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis import Location, Redis
from syncredis.exceptions import ConfigurationError
from syncredis.url import options_from_url

DEFAULT = Location("localhost", 6379)


@pytest.mark.parametrize(
    ("url", "location", "db", "options"),
    [
        ("redis://", DEFAULT, 0, {}),
        ("redis:///", DEFAULT, 0, {}),
        ("redis:///3", DEFAULT, 3, {}),
        ("redis://host", Location("host", 6379), 0, {}),
        ("valkey://host", Location("host", 6379), 0, {}),
        ("REDIS://host", Location("host", 6379), 0, {}),
        ("redis://host:1/0", Location("host", 1), 0, {}),
        ("redis://:7", Location("localhost", 7), 0, {}),
        ("redis://127.0.0.1:6380/15", Location("127.0.0.1", 6380), 15, {}),
        ("redis://[::1]", Location("::1", 6379), 0, {}),
        ("redis://[2001:db8::7]:6380/2", Location("2001:db8::7", 6380), 2, {}),
        ("redis://user:word@[::1]:1", Location("::1", 1), 0, {"username": "user", "password": "word"}),
        ("redis://:word@host", Location("host", 6379), 0, {"password": "word"}),
        ("redis://user:word@host/4", Location("host", 6379), 4, {"username": "user", "password": "word"}),
        ("redis://:@host", Location("host", 6379), 0, {}),
        ("redis://@host", Location("host", 6379), 0, {}),
        ("redis://u%40x:p%2Fw%3F%23%5B%3A%25@h", Location("h", 6379), 0, {"username": "u@x", "password": "p/w?#[:%"}),
        ("redis://:%C3%BC%20%2B@h", Location("h", 6379), 0, {"password": "ü +"}),
        ("redis://:a+b@h", Location("h", 6379), 0, {"password": "a+b"}),
        ("redis://:a:b@h", Location("h", 6379), 0, {"password": "a:b"}),
        ("redis://h?db=5", Location("h", 6379), 5, {}),
        ("redis://h/1?db=5", Location("h", 6379), 5, {}),
        ("redis://h?password=p%26q&username=u", Location("h", 6379), 0, {"username": "u", "password": "p&q"}),
        ("rediss://h", Location("h", 6379), 0, {"ssl": True}),
        ("valkeys://h:1/2", Location("h", 1), 2, {"ssl": True}),
        ("unix:///run/redis.sock", DEFAULT, 0, {"unix_socket_path": "/run/redis.sock"}),
        ("redis+unix:///run/r.sock?db=2", DEFAULT, 2, {"unix_socket_path": "/run/r.sock"}),
        ("valkey+unix:///r.sock", DEFAULT, 0, {"unix_socket_path": "/r.sock"}),
        (
            "unix://u:p@/run/my%20redis.sock?db=2",
            DEFAULT,
            2,
            {"unix_socket_path": "/run/my redis.sock", "username": "u", "password": "p"},
        ),
    ],
)
def test_what_a_url_holds(url: str, location: Location, db: int, options: dict[str, Any]) -> None:
    assert options_from_url(url) == (location, db, options)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("protocol=2", "protocol", 2),
        ("max_connections=5", "max_connections", 5),
        ("max_idle_connections=0", "max_idle_connections", 0),
        ("connect_timeout=0.5", "connect_timeout", 0.5),
        ("stream_timeout=2", "stream_timeout", 2.0),
        ("stream_timeout=None", "stream_timeout", None),
        ("pool_timeout=none", "pool_timeout", None),
        ("max_idle_time=1e2", "max_idle_time", 100.0),
        ("keepalive=no", "keepalive", False),
        ("keepalive=0", "keepalive", False),
        ("keepalive=False", "keepalive", False),
        ("ssl_check_hostname=Yes", "ssl_check_hostname", True),
        ("ssl_check_hostname=1", "ssl_check_hostname", True),
        ("client_name=my%20app", "client_name", "my app"),
        ("encoding=latin-1", "encoding", "latin-1"),
        ("ssl_ca_certs=/etc/ca.pem", "ssl_ca_certs", "/etc/ca.pem"),
        ("ssl_certfile=c.pem", "ssl_certfile", "c.pem"),
        ("ssl_keyfile=k.pem", "ssl_keyfile", "k.pem"),
        ("ssl_keyfile_password=p%3D", "ssl_keyfile_password", "p="),
        ("ssl_cert_reqs=none", "ssl_cert_reqs", "none"),
        ("ssl_server_hostname=n", "ssl_server_hostname", "n"),
    ],
)
def test_options_in_a_url(text: str, name: str, value: Any) -> None:
    found = options_from_url(f"redis://h/1?{text}")
    assert found == (Location("h", 6379), 1, {name: value})
    assert type(found[2][name]) is type(value)  # type: ignore[literal-required]


def test_several_options() -> None:
    _, db, options = options_from_url("redis://h?protocol=2&db=3&keepalive=0")
    assert (db, options) == (3, {"protocol": 2, "keepalive": False})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "must begin with one of redis://"),
        ("localhost:6379", "must begin with one of redis://"),
        ("http://h", "must begin with one of redis://"),
        ("redis+sentinel://h/name", "leads to Sentinels: give it to syncredis.from_url"),
        ("redis://h/zero", "the path of the URL must be the number of a database"),
        ("redis://h/0#1", "it has a part after '#'"),
        ("redis:h", "the path of the URL must be the number of a database"),
        ("redis://h/0/1", "the path of the URL must be the number of a database"),
        ("redis://h/-1", "db=-1 must be a number from 0 on"),
        ("redis://h?db=", "db='' in the URL is not a number"),
        ("redis://h?db=x", "db='x' in the URL is not a number"),
        ("redis://h?max_connections=many", "max_connections='many' in the URL is not a number"),
        ("redis://h?stream_timeout=soon", "stream_timeout='soon' in the URL is not a number"),
        ("redis://h?stream_timeout=nan", "stream_timeout=nan must be a positive number"),
        ("redis://h?stream_timeout=-1", "stream_timeout=-1.0 must be a positive number"),
        ("redis://h?keepalive=maybe", "keepalive='maybe' in the URL is neither true nor false"),
        ("redis://h?protocol=7", "protocol=7 must be 2 or 3"),
        ("redis://h?socket_timeout=1", "there is no option 'socket_timeout'; it is called stream_timeout here"),
        ("redis://h?ssl=true", "there is no option 'ssl'"),
        ("redis://h?ssl_context=x", "there is no option 'ssl_context'"),
        ("redis://h?unix_socket_path=/x", "there is no option 'unix_socket_path'"),
        ("redis://h?", None),
        ("redis://h?stream_timeout", "must be of the form option=value&..."),
        ("redis://h?=1", "there is no option ''"),
        ("redis://h:0", "port=0 must be"),
        ("redis://h:65536", "not a valid URL"),
        ("redis://h:port", "not a valid URL"),
        ("redis://[::1", "not a valid URL"),
        ("redis://user@h", "username must be given together with a password"),
        ("redis://h?ssl_ca_certs=c.pem", "ssl_ca_certs has no effect without ssl=True"),
        ("unix://run/redis.sock", "names an absolute path"),
        ("unix://", "names an absolute path"),
        ("unix:relative.sock", "names an absolute path"),
    ],
)
def test_what_can_not_be(url: str, message: str | None) -> None:
    if message is None:
        assert Redis.from_url(url)
        return
    with pytest.raises(ConfigurationError) as caught:
        Redis.from_url(url)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:hid/den@h:1",
        "redis://user:hid?den@h:1",
        "redis://user:hid#den@h:1",
        "redis://:12/hid34den@h",
        "redis://:12#hid34den@h",
        "redis://:hid[den@h",
        "redis://:hid℀den@h",
        "redis://:hid:den@h:99999",
        "redis://:hidden@h/zero",
        "redis://:hidden@h?nonsense=1",
        "redis://:hidden@h?db=x",
        "redis://:hidden@h?x",
        "redis://:hidden@h?protocol=9",
        "redis://h?password=hidden&db=x",
        "redis://h?password=hidden&ssl_keyfile_password=hidden",
        "rediss://h?password=hidden&ssl_keyfile_password=hidden&ssl_ca_certs=/none",
        "redis://user:hidden@h:port",
        "tcp://user:hidden@h",
        "unix://user:hidden@h/run",
    ],
)
def test_the_error_does_not_repeat_the_password(url: str) -> None:
    """Most of these are passwords that had to be percent-encoded, the likeliest mistake of all."""
    with pytest.raises(ConfigurationError) as caught:
        Redis.from_url(url)
    told = [
        caught.value,
        caught.value.__cause__,
        None if caught.value.__suppress_context__ else caught.value.__context__,
    ]
    for error in told:
        assert "hid" not in repr(error)
        assert "den" not in repr(error).replace("hidden", "hid")


def test_a_client_from_a_url() -> None:
    client = Redis.from_url("redis://u:p@h:7/3?stream_timeout=2&max_connections=4", client_name="me", stream_timeout=9)
    config = client.pool.config
    assert (config.location, config.db, config.username, config.password) == (("h", 7), 3, "u", "p")
    assert config.stream_timeout == 2, "what the URL says goes first"
    assert config.client_name == "me"
    assert client.pool.pool_config.max_connections == 4
    assert client.decode_responses
    assert not Redis.from_url("redis://h", decode_responses=False).decode_responses
