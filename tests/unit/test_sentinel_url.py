"""URLs that name Sentinels: what they hold, and what is refused - without repeating what may be secret."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import syncredis
import syncredis.aio
from syncredis.exceptions import ConfigurationError
from syncredis.sentinel.url import SentinelSettings, is_sentinel_url, parse_sentinel_url
from syncredis.url import options_from_url

ONE = (("h", 26379),)


@pytest.mark.parametrize(
    ("url", "sentinels", "service_name", "db"),
    [
        ("redis+sentinel://h", ONE, None, 0),
        ("redis+sentinel://h/", ONE, None, 0),
        ("valkey+sentinel://h/mine", ONE, "mine", 0),
        ("REDIS+SENTINEL://h/mine/7", ONE, "mine", 7),
        ("redis+sentinel://h/mine/", ONE, "mine", 0),
        ("redis+sentinel://h/my%2Fservice%20/0", ONE, "my/service ", 0),
        ("redis+sentinel://h?db=3", ONE, None, 3),
        ("redis+sentinel://h:1,i,j:65535/mine", (("h", 1), ("i", 26379), ("j", 65535)), "mine", 0),
        (
            "redis+sentinel://[::1]:1,[2001:db8::7],10.0.0.1:2/m",
            (("::1", 1), ("2001:db8::7", 26379), ("10.0.0.1", 2)),
            "m",
            0,
        ),
        ("redis+sentinel://user:word@h:1,i:2/mine", (("h", 1), ("i", 2)), "mine", 0),
    ],
)
def test_where_it_leads(url: str, sentinels: tuple[tuple[str, int], ...], service_name: str | None, db: int) -> None:
    parsed = parse_sentinel_url(url)
    assert (parsed.sentinels, parsed.service_name, parsed.db) == (sentinels, service_name, db)
    assert {type(sentinel) for sentinel in parsed.sentinels} == {syncredis.Location}
    assert is_sentinel_url(url)


@pytest.mark.parametrize(
    ("url", "options", "sentinel_kwargs", "settings"),
    [
        ("redis+sentinel://u:p@h", {"username": "u", "password": "p"}, {}, {}),
        ("redis+sentinel://:p%40%2F%25:@h", {"password": "p@/%:"}, {}, {}),
        ("redis+sentinel://:a@b@h", {"password": "a@b"}, {}, {}),
        ("redis+sentinel://h?sentinel_username=u&sentinel_password=p", {}, {"username": "u", "password": "p"}, {}),
        ("redis+sentinel://h?stream_timeout=2", {"stream_timeout": 2.0}, {}, {}),
        ("redis+sentinel://h?sentinel_stream_timeout=0.1", {}, {"stream_timeout": 0.1}, {}),
        ("rediss+sentinel://h", {"ssl": True}, {"ssl": True}, {}),
        ("valkeys+sentinel://h?sentinel_ssl=false", {"ssl": True}, {"ssl": False}, {}),
        (
            "rediss+sentinel://h?sentinel_ssl=no&ssl_ca_certs=/ca",
            {"ssl": True, "ssl_ca_certs": "/ca"},
            {"ssl": False},
            {},
        ),
        (
            "rediss+sentinel://h?ssl_ca_certs=/ca&sentinel_ssl_ca_certs=/other&ssl_check_hostname=false",
            {"ssl": True, "ssl_ca_certs": "/ca", "ssl_check_hostname": False},
            {"ssl": True, "ssl_ca_certs": "/other", "ssl_check_hostname": False},
            {},
        ),
        ("redis+sentinel://h?sentinel_ssl=true", {}, {"ssl": True}, {}),
        (
            "redis+sentinel://h?min_other_sentinels=1&failover_timeout=5&hedge_delay=0.5",
            {},
            {},
            {"min_other_sentinels": 1, "failover_timeout": 5.0, "hedge_delay": 0.5},
        ),
        (
            "redis+sentinel://h?strict=true&write_hold=2&watch_offsets=0.25",
            {},
            {},
            {"strict": True, "write_hold": 2.0, "watch_offsets": 0.25},
        ),
        (
            "redis+sentinel://h?address_map=10.0.0.1:1=[::1]:2&address_map=a:3%3Db:4",
            {},
            {},
            {"address_map": {("10.0.0.1", 1): ("::1", 2), ("a", 3): ("b", 4)}},
        ),
    ],
)
def test_options(url: str, options: dict[str, Any], sentinel_kwargs: dict[str, Any], settings: dict[str, Any]) -> None:
    parsed = parse_sentinel_url(url)
    assert (parsed.options, parsed.sentinel_kwargs, parsed.settings) == (options, sentinel_kwargs, settings)


@pytest.mark.parametrize(("query", "role"), [("", None), ("?role=primary", "primary"), ("?role=replica", "replica")])
def test_the_role(query: str, role: str | None) -> None:
    assert parse_sentinel_url(f"redis+sentinel://h/m{query}").role == role


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://h", "begins with one of redis\\+sentinel://"),
        ("h:26379", "begins with one of"),
        ("redis+sentinel:h", "begins with one of"),
        ("redis+sentinel://", "a host or a port can not be read"),
        ("redis+sentinel://h,", "a host or a port can not be read"),
        ("redis+sentinel://,h", "a host or a port can not be read"),
        ("redis+sentinel://:26379", "a host or a port can not be read"),
        ("redis+sentinel://h:0", "a host or a port can not be read"),
        ("redis+sentinel://h:65536", "a host or a port can not be read"),
        ("redis+sentinel://h:x", "a host or a port can not be read"),
        ("redis+sentinel://h:²", "a host or a port can not be read"),
        ("redis+sentinel://::1", "a host or a port can not be read"),
        ("redis+sentinel://[::1", "a host or a port can not be read"),
        ("redis+sentinel://[::1]x", "a host or a port can not be read"),
        ("redis+sentinel://h/m/0/1", "must be /service_name or /service_name/db"),
        ("redis+sentinel://h/m/-1", "must be /service_name or /service_name/db"),
        ("redis+sentinel://h/m/zero", "must be /service_name or /service_name/db"),
        ("redis+sentinel://h/m#x", "a part after '#'"),
        ("redis+sentinel://h?x", "option=value"),
        ("redis+sentinel://h?strict=perhaps", "neither true nor false"),
        ("redis+sentinel://h?role=master", "must be primary or replica"),
        ("redis+sentinel://h?policy=nearest", "must be one of round-robin, random, lowest-latency"),
        ("redis+sentinel://h?max_lag=little", "max_lag='little' in the URL is not a number"),
        ("redis+sentinel://h?nonsense=1", "there is no option 'nonsense'"),
        ("redis+sentinel://h?ssl=true", "there is no option 'ssl'"),
        ("redis+sentinel://h?sentinel_nonsense=1", "there is no option 'sentinel_nonsense'"),
        ("redis+sentinel://h?sentinel_db=1", "there is no option 'sentinel_db'"),
        ("redis+sentinel://h?sentinel_max_connections=1", "there is no option 'sentinel_max_connections'"),
        ("redis+sentinel://h?credential_provider=1", "there is no option 'credential_provider'"),
        ("redis+sentinel://h?sentinel_credential_provider=1", "there is no option 'sentinel_credential_provider'"),
        ("redis+sentinel://h?sentinel_ssl_context=1", "there is no option 'sentinel_ssl_context'"),
        ("redis+sentinel://h?hedge_delay=soon", "hedge_delay='soon' in the URL is not a number"),
        ("redis+sentinel://h?address_map=a:1", "host:port=host:port"),
        ("redis+sentinel://h?address_map=a=b:1", "a host or a port can not be read"),
    ],
)
def test_what_makes_no_sense(url: str, message: str) -> None:
    for parse in (parse_sentinel_url, syncredis.Sentinel.from_url, syncredis.aio.Sentinel.from_url):
        with pytest.raises(ConfigurationError, match=message):
            parse(url)


def test_every_setting_can_be_said() -> None:
    """But for those that are no text."""
    here = {"sentinels", "sentinel_kwargs", "on_event", "decode_responses", "options", "self"}
    assert (
        SentinelSettings.__annotations__.keys()
        == inspect.signature(syncredis.Sentinel.__init__).parameters.keys() - here
    )


def test_passwords_are_not_shown() -> None:
    parsed = parse_sentinel_url("redis+sentinel://u:secret@h/m?sentinel_password=secret")
    assert "secret" not in repr(parsed)
    for url in ("redis+sentinel://u:sec/ret@h/m", "redis+sentinel://u:sec?ret@h", "redis+sentinel://u:sec#ret@h"):
        with pytest.raises(ConfigurationError, match=r"percent-encoded|option=value") as caught:
            parse_sentinel_url(url)
        assert "sec" not in str(caught.value)
        assert "ret" not in str(caught.value)


def test_from_url_leads_to_one_server_or_to_a_service() -> None:
    for module in (syncredis, syncredis.aio):
        one, primary = module.from_url("redis://h:7/2"), module.from_url("redis+sentinel://h/mine")
        assert type(one) is type(primary) is module.Redis
        assert "for h:7" in repr(one)
        assert "the primary of 'mine'" in repr(primary)
        assert "the replicas of 'mine'" in repr(module.from_url("redis+sentinel://h/mine?role=replica"))
        assert "the replicas of 'mine'" in repr(module.from_url("redis+sentinel://h/mine", role="replica"))
        assert "the primary of 'mine'" in repr(module.from_url("redis+sentinel://h/mine?role=primary", role="replica"))


def test_from_url_passes_everything_on() -> None:
    client = syncredis.from_url(
        "redis+sentinel://u:p@h/mine/3?max_connections=7", decode_responses=False, max_connections=9
    )
    assert client.pool.pool_config.max_connections == 7
    assert (client.pool.config.db, client.pool.config.username, client.pool.config.password) == (3, "u", "p")
    assert not client.decode_responses


def test_which_replicas() -> None:
    parsed = parse_sentinel_url("redis+sentinel://h/mine?role=replica&policy=lowest-latency&max_lag=9")
    assert parsed.replica_settings == {"policy": "lowest-latency", "max_lag": 9}
    assert "the replicas of 'mine'" in repr(syncredis.from_url("redis+sentinel://h/mine?max_lag=9", role="replica"))


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("redis+sentinel://h", {}, "the URL names no service"),
        ("redis+sentinel://h/m?max_lag=9", {}, "max_lag in the URL has no meaning without role=replica"),
        ("redis+sentinel://h/m?max_lag=-9", {"role": "replica"}, "max_lag=-9 must be"),
        ("redis://h", {"role": "replica"}, "has no meaning for a URL that names no Sentinels"),
        ("http://h", {}, "must begin with one of"),
        ("redis+sentinel://h/m", {"nonsense": 1}, "there is no option 'nonsense'"),
    ],
)
def test_what_from_url_refuses(url: str, options: dict[str, Any], message: str) -> None:
    for module in (syncredis, syncredis.aio):
        with pytest.raises(ConfigurationError, match=message):
            module.from_url(url, **options)


def test_a_client_for_one_server_says_where_a_url_for_sentinels_belongs() -> None:
    for parse in (options_from_url, syncredis.Redis.from_url, syncredis.aio.Redis.from_url):
        with pytest.raises(ConfigurationError, match=r"leads to Sentinels: give it to syncredis\.from_url"):
            parse("redis+sentinel://h/mine")
