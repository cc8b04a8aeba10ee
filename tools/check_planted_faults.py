"""Plants each mistake of `tools/planted_faults.py` in turn, and runs the tests that have to find it.

    python tools/check_planted_faults.py [NAME...]

First, those tests run as they are, and must pass. The exit status is 1 if they do not, or if a mistake was not found.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from planted_faults import FAULTS, Planted

ROOT: Final = Path(__file__).resolve().parent.parent
_NOT_PLANTED: Final = ("-m", "not slow and not resp2")
#: Seconds after which a test that hangs has found the mistake, too.
_PATIENCE: Final = "60"
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


def main() -> int:
    """Run the tool; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(sorted(FAULTS))}; all if none"
    )
    names: list[str] = parser.parse_args().names or list(FAULTS)
    if unknown := set(names) - FAULTS.keys():
        parser.error(f"there is no {min(unknown)}")
    overlooked = 0
    for fault in map(FAULTS.__getitem__, names):
        finder = _find(fault)
        overlooked += finder is None
        print(f"{fault.name:36} {'OVERLOOKED' if finder is None else f'found by {finder}'}", flush=True)
    print(f"{len(names) - overlooked} of {len(names)} planted faults were found")
    return 1 if overlooked else 0


def _find(fault: Planted) -> str | None:
    """Return the first test that finds the mistake and passes without it."""
    planted = _pytest("-x", "--plant", fault.name, *fault.tests)
    found = _FAILED.search(planted.stdout)
    hangs = "Timeout" in planted.stderr
    if found is None and not hangs:
        return None
    finder, tests = (found[1], (found[1],)) if found else ("a test that hangs", fault.tests)
    return finder if _pytest(*tests).returncode == 0 else None


def _pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["-q", "-rfE", "-p", "planted_faults", "-p", "no:cacheprovider", "-o", f"timeout={_PATIENCE}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *_NOT_PLANTED, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tools'}"},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
