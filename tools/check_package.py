"""Build the distributions, check them, and use the wheel as somebody would who has nothing else.

    tox run -e package

The wheel is built from the source distribution, so that nothing can be missing there. It is installed into an empty
environment, whose Python runs with every warning as an error.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What people look for in a source distribution.
_IN_SOURCES = {"CHANGELOG.md", "LICENSE", "README.md", "tox.ini", "docs/index.md", "tests/conftest.py"}

#: One program for each way in; none may say anything, but for the last.
_PROGRAMS = [
    ["-c", "import syncredis, syncredis.sentinel, syncredis.stream, syncredis.testing"],
    ["-c", "import syncredis.aio.sentinel"],
    ["-m", "syncredis", "--help"],
]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="syncredis-package-") as directory:
        place = Path(directory)
        _run(sys.executable, "-m", "build", "--outdir", str(place / "dist"), str(ROOT))
        [sources], [wheel] = place.glob("dist/*.tar.gz"), place.glob("dist/*.whl")
        _run(sys.executable, "-m", "twine", "check", "--strict", str(sources), str(wheel))
        _check_contents(sources, wheel)
        _use(wheel, place)
    print("The package is in order.")
    return 0


def _check_contents(sources: Path, wheel: Path) -> None:
    with tarfile.open(sources) as archive:
        listed = {name.partition("/")[2] for name in archive.getnames()}
    assert listed >= _IN_SOURCES, f"missing from the source distribution: {_IN_SOURCES - listed}"
    packaged = {path for path in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in path}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "syncredis").rglob("*.py")}
    modules |= {"syncredis/py.typed", "pytest_syncredis.py"}
    assert packaged == modules, packaged ^ modules


def _use(wheel: Path, place: Path) -> None:
    venv.create(place / "empty", with_pip=True)
    python = str(place / "empty" / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
    for program in _PROGRAMS:
        said = subprocess.run(
            [python, "-X", "dev", "-W", "error", *program], capture_output=True, text=True, check=False, cwd=place
        )
        assert said.returncode == 0, said.stderr
        assert said.stderr == "", said.stderr
        assert bool(said.stdout) == ("--help" in program), said.stdout


def _run(*command: str) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
