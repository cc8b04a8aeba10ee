"""What a person sees on a terminal: colours for any background, and lines that fit."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from syncredis.cli.screen import SIGNS, THEME, Screen, console
from tests.cli.conftest import Program

#: What large text needs at least, by the Web's guidelines for contrast; 3 is the least for signs.
READABLE = 3.5


def _luminance(rgb: tuple[int, int, int]) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


OURS = sorted({"title", *(style for _, _, style in SIGNS.values()), "fact.address", "fact.span", "flow", "still"})


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255)], ids=["black", "white"])
def test_every_colour_can_be_read_on_black_and_on_white(name: str, background: tuple[int, int, int]) -> None:
    color = THEME.styles[name].color
    if color is None:  # that of all text
        return
    # The first sixteen look as each terminal likes; the rest of the 256 are the same everywhere.
    assert color.number is not None
    assert color.number >= 16
    assert _contrast(tuple(color.get_truecolor()), background) >= READABLE


def test_of_sixteen_colours_only_red_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = console()
    assert plain.color_system == "standard"
    assert {name: plain.get_style(name).color for name in OURS if plain.get_style(name).color} == {
        name: plain.get_style("red").color for name in ("fault", "still")
    }


def _written(width: int, write: Callable[[Screen], None]) -> list[str]:
    screen = Screen()
    file = StringIO()
    screen._console = Console(file=file, width=width, theme=THEME, highlight=False)
    write(screen)
    return file.getvalue().splitlines()


def test_a_sentence_is_wrapped_between_words_and_hangs_under_its_beginning() -> None:
    text = "this primary would take writes even with no replica connected: cut off, it loses all that it acknowledges."
    lines = _written(40, lambda screen: screen.say("note", text, "title"))
    assert len(lines) > 2
    assert all(len(line) <= 40 for line in lines)
    assert all(line.startswith("   ") for line in lines[1:])
    assert " ".join(line[3:] for line in lines) == text


def test_the_highlights_of_a_sentence_keep_its_own_style() -> None:
    screen = Screen()
    screen._console = Console(file=StringIO(), width=60, theme=THEME, record=True, force_terminal=True, highlight=False)
    screen.paragraph(Text(""), "the server 10.0.0.1:6379 is down", "title")
    assert "\x1b[1m" in screen._console.export_text(styles=True)


def _on_a_terminal(columns: int, env: dict[str, str], *arguments: str) -> list[str]:
    """Return what a program writes, in lines, whose standard error is a terminal."""
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "syncredis", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=slave,
        env={**env, "COLUMNS": str(columns)},
        check=False,
    )
    os.close(slave)
    assert done.returncode == 2
    written = bytearray()
    while True:
        try:
            written += os.read(master, 65536)
        except OSError:  # it is empty, and nobody writes there any more
            break
    os.close(master)
    return written.decode().splitlines()


def test_an_error_is_wrapped_between_words_on_a_terminal_only(env: dict[str, str], run: Callable[..., Program]) -> None:
    wrong = ("topology", "http://localhost:26379/myredis")
    status, _, whole = run(*wrong).finish()
    assert status == 2
    assert whole.count("\n") == 1
    assert len(whole) > 80
    lines = _on_a_terminal(60, env, *wrong)
    assert len(lines) > 1
    assert all(len(line) <= 60 for line in lines)
    assert " ".join(line.strip() for line in lines) == whole.strip()


def test_so_is_what_is_said_of_arguments(env: dict[str, str]) -> None:
    lines = _on_a_terminal(60, env, "demo", "--acts", "planned,unheard-of-act,kill,freeze")
    assert lines[0].startswith("usage: syncredis demo")
    assert all(len(line) <= 60 for line in lines)
    assert "'unheard-of-act' is no act: choose from planned, kill, freeze" in " ".join(line.strip() for line in lines)
