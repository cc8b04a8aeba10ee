"""The list of planted faults keeps up with the library: what they replace is there, and so are the tests that find them."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]


def _listed() -> Any:
    spec = importlib.util.spec_from_file_location("planted_faults", ROOT / "tools" / "planted_faults.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:  # a dataclass looks its module up
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    return module


LISTED: Final = _listed()
by_name = pytest.mark.parametrize("name", sorted(LISTED.FAULTS))


@by_name
def test_what_it_replaces_is_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One place each, under the name that it has now; nothing is planted here."""
    replaced: list[tuple[object, str]] = []

    def note(owner: object, attribute: str, replacement: object) -> None:
        assert hasattr(owner, attribute), f"{owner!r} has no {attribute!r} any more"
        assert getattr(owner, attribute) is not replacement
        replaced.append((owner, attribute))

    monkeypatch.setattr(LISTED, "_replace", note)
    LISTED.FAULTS[name].plant()
    assert len(replaced) == 1


@by_name
def test_the_tests_that_find_it_are_there(name: str) -> None:
    arguments = LISTED.FAULTS[name].tests
    files = [argument for argument in arguments if argument.endswith(".py")]
    assert files
    missing = [file for file in files if not (ROOT / file).is_file()]
    assert not missing
    text = "\n".join((ROOT / file).read_text("utf-8") for file in files)
    gone = [test for test in re.findall(r"\btest_\w+", " ".join(arguments[len(files) :])) if f"def {test}" not in text]
    assert not gone


def test_no_two_replace_the_same_in_the_same_words() -> None:
    meanings = [fault.meaning for fault in LISTED.FAULTS.values()]
    assert all(meanings)
    assert len(set(meanings)) == len(meanings)
