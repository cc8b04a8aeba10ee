"""URLs: whatever parts they are made of come out again, and whatever text is given, no password comes out in an error."""

from __future__ import annotations

import traceback
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import example, given, settings
from hypothesis import strategies as st

import syncredis
from syncredis.exceptions import ConfigurationError
from syncredis.url import options_from_url

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5})?", fullmatch=True) | st.ip_addresses(v=4).map(str)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "stream_timeout": st.floats(0.001, 1e6),
        "connect_timeout": st.floats(0.001, 1e6),
        "max_connections": st.integers(1, 10**6),
        "client_name": WORDS,
        "keepalive": st.booleans(),
        "protocol": st.sampled_from([2, 3]),
    },
)


@settings(max_examples=300)
@given(
    scheme=st.sampled_from(["redis", "valkey"]),
    user=st.none() | WORDS,
    password=WORDS,
    host=HOSTS,
    port=st.none() | st.integers(1, 65535),
    db=st.none() | st.integers(0, 10**6),
    options=OPTIONS,
)
def test_what_goes_in_comes_out(
    scheme: str, user: str | None, password: str, host: str, port: int | None, db: int | None, options: dict[str, Any]
) -> None:
    named = {name: str(value).lower() if isinstance(value, bool) else value for name, value in options.items()}
    url = (
        f"{scheme}://{quote(user or '', safe='')}:{quote(password, safe='')}@{host}"
        + (f":{port}" if port is not None else "")
        + (f"/{db}" if db is not None else "")
        + (f"?{urlencode(named)}" if named else "")
    )
    location, number, found = options_from_url(url)
    assert location == (host, port or 6379)
    assert number == (db or 0)
    expected = {**options, "password": password, **({"username": user} if user else {})}
    assert found == expected


SECRET = "hiddenword"
#: All that stands for something in a URL - but '@', after which whatever comes is no password any more.
_ODD = st.text("redis+sentl:/?#[]%&=0123456789.,-\n\0ß", max_size=12)


@settings(max_examples=500)
@given(
    start=st.sampled_from(
        [
            "redis://",
            "redis://u:",
            "rediss://:",
            "valkey+unix://u:",
            "redis+sentinel://u:",
            "rediss+sentinel://:",
            "http://u:",
        ]
    ),
    before=_ODD,
    after=_ODD,
    rest=st.sampled_from(["@h", "@h:1/2", "@h:x", "@h:1,i:2/service", "@/path", "@h/?a=b", "@[::1]:1"]),
)
@example(start="redis://", before="", after="", rest="@h")
@example(start="redis://u:", before="/", after="", rest="@h")
@example(start="redis://u:", before="#", after="", rest="@h")
@example(start="redis://u:", before="[", after="", rest="@h")
@example(start="redis://u:", before="1?", after="", rest="@h")
@example(start="redis://u:", before="1/", after="", rest="@h")
def test_a_password_that_was_not_encoded(start: str, before: str, after: str, rest: str) -> None:
    """Whatever the URL becomes by it: the error does not tell the password, nor does what is printed of the client."""
    url = f"{start}{before}{SECRET}{after}{rest}"
    printed = ""
    try:
        client = syncredis.from_url(url)
        printed = repr(client)
    except ConfigurationError:
        printed = traceback.format_exc().partition("ConfigurationError")[2]
    assert SECRET not in printed
