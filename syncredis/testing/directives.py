"""Server directives as Python values, and the configuration file made of them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

ConfigValue: TypeAlias = str | int | bool | Sequence[str]
"""The arguments of one directive, written as in the server's own configuration file.

A `str` or an `int` gives one line, a `bool` a line with `yes` or `no`, a list one line for each
member. An empty `str` is written as `""`. Arguments that may hold spaces need `quote`.
"""


def quote(argument: str) -> str:
    """Return `argument` in the quotes and escapes of the configuration file, safe for any text."""
    escaped: list[str] = []
    for byte in argument.encode():
        if byte in b'"\\':
            escaped.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F:
            escaped.append(chr(byte))
        else:
            escaped.append(f"\\x{byte:02x}")
    return '"' + "".join(escaped) + '"'


def render(config: Mapping[str, ConfigValue]) -> str:
    """Return the text of a configuration file, in the order of the mapping.

    Raises ValueError for a line break in a name or a value, which would start another directive.
    """
    return "".join(
        f"{_checked(name)} {_checked(line) or _EMPTY}\n" for name, value in config.items() for line in lines(value)
    )


def lines(value: ConfigValue) -> list[str]:
    """Return the arguments of each line that one directive's value stands for."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, int):
        return [str(value)]
    return [value] if isinstance(value, str) else list(value)


_EMPTY = '""'


def _checked(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError(f"a directive must stay on one line: {text.splitlines()[0]!r}...")
    return text
