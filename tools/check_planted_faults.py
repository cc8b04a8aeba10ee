"""Plants each mistake of `tools/planted_faults.py` in turn, and runs the tests that have to find it.

    python tools/check_planted_faults.py [NAME...]

A test that finds a mistake must pass without it. One that hangs has found it, too, if its own limit of time has ended
it. The exit status is 1 if a mistake was not found, or could not be planted any more.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from planted_faults import FAULTS, NOT_PLANTED, Planted

ROOT: Final = Path(__file__).resolve().parent.parent
_SELECTED: Final = ("-m", "not slow and not resp2")
#: Seconds after which a test that hangs has found the mistake, too.
_PATIENCE: Final = "60"
#: What pytest-timeout prints, between rows of plus signs, before it ends the whole process.
_TIMED_OUT: Final = re.compile(r"^\++ Timeout \++$", re.MULTILINE)
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
    failures = 0
    for fault in map(FAULTS.__getitem__, names):
        was_found, verdict = _find(fault)
        failures += not was_found
        print(f"{fault.name:36} {verdict}", flush=True)
    print(f"{len(names) - failures} of {len(names)} planted faults were found")
    return 1 if failures else 0


def _find(fault: Planted) -> tuple[bool, str]:
    """Return whether a test finds the mistake and passes without it, and what there is to say of it."""
    planted = _pytest("-x", "--plant", fault.name, *fault.tests)
    said = planted.stdout + planted.stderr
    if NOT_PLANTED in said:
        return False, "NOT PLANTED: what it replaces is not there any more"
    tests: tuple[str, ...]
    found = _FAILED.search(planted.stdout)
    if found is not None:
        finder, tests = found[1], (found[1],)
    elif _TIMED_OUT.search(said):
        finder, tests = f"a test that hangs, ended after {_PATIENCE} s", fault.tests
    elif planted.returncode:
        return False, f"UNCLEAR: pytest ended with {planted.returncode}, and no test failed"
    else:
        return False, "OVERLOOKED"
    if _pytest(*tests).returncode:
        return False, f"UNCLEAR: {finder} fails without it, too"
    return True, f"found by {finder}"


def _pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["-q", "-rfE", "-p", "planted_faults", "-p", "no:cacheprovider", "-o", f"timeout={_PATIENCE}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *_SELECTED, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tools'}"},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
