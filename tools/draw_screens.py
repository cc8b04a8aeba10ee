"""Draws `docs/screens`: what subcommands write on a terminal, from real runs on a deployment that is started for it.

    python tools/draw_screens.py

First a replica is down, then the primary is killed while `syncredis watch` looks on. Nothing is made up, so ports and times are
others each time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from syncredis.testing import SentinelDeployment

ROOT: Final = Path(__file__).resolve().parent.parent
SCREENS: Final = ROOT / "docs" / "screens"
_COLUMNS: Final = 80


def main() -> None:
    """Draw them all."""
    SCREENS.mkdir(exist_ok=True)
    with SentinelDeployment() as deployment:
        url = ",".join(location.target for location in deployment.sentinel_locations) + f"/{deployment.service_name}"
        replica = deployment.current_replicas()[0]
        deployment.kill(replica)
        # The listener hears of it as a client does.
        _start(("watch", url, "--seconds", "5")).communicate()
        for name in ("topology", "diagnose"):
            _draw(name, _start((name, url)).communicate()[0])
        deployment.restart(replica)
        deployment.wait_until_ready()
        watching = _start(("watch", url, "--seconds", "15"))
        assert watching.stdout is not None
        first = watching.stdout.readline()  # it has begun
        deployment.kill(deployment.current_primary())
        _draw("watch", first + watching.communicate()[0])


def _start(arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "syncredis", *arguments], stdout=subprocess.PIPE, text=True, env={**env, **terminal}
    )


def _draw(name: str, written: str) -> None:
    console = Console(record=True, width=_COLUMNS, file=StringIO(), force_terminal=True, color_system="256")
    console.print(Text.from_ansi(written.strip("\n")))
    drawing = console.export_svg(title=f"syncredis {name}", unique_id=name, theme=MONOKAI)
    # A page of ours loads nothing from elsewhere: the fonts that the reader has will do.
    drawing = re.sub(r"\s*(@font-face \{.*?\}|<!--.*?-->)", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("Fira Code", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas")
    (SCREENS / f"{name}.svg").write_text(drawing + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
