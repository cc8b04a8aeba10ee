"""From Python values to a configuration file."""

from __future__ import annotations

import pytest

from syncredis.testing import ConfigValue, ServerBinary, ServerProcess, quote
from syncredis.testing.directives import render


def test_render() -> None:
    config: dict[str, ConfigValue] = {"port": 6379, "save": "", "appendonly": False}
    config |= {"user": ["a on", "b off"], "none": []}
    assert render(config) == 'port 6379\nsave ""\nappendonly no\nuser a on\nuser b off\n'


@pytest.mark.parametrize("text", ["a\nport 1", "a\rb"])
def test_a_line_break_starts_no_directive(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        render({"requirepass": text})
    with pytest.raises(ValueError, match="one line"):
        render({text: "x"})


def test_quote() -> None:
    assert quote('a "b" \\ c') == r'"a \"b\" \\ c"'
    assert quote("é\n") == r'"\xc3\xa9\x0a"'


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["plain", "two words", "\"'#\\", "grüße\n\t\x00", ""])
def test_the_server_reads_what_was_quoted(text: str, binary: ServerBinary) -> None:
    with ServerProcess(binary, config={"masterauth": quote(text)}) as server:
        reply = server.execute_command("CONFIG", "GET", "masterauth")
    value = reply["masterauth"] if isinstance(reply, dict) else reply[1]
    assert value == text
