"""The page of errors speaks of errors that there are."""

from __future__ import annotations

import re
from pathlib import Path

from syncredis.exceptions import ResponseError, error_from_reply

ROOT = Path(__file__).resolve().parent.parent.parent


def test_messages_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    quoted = [
        words for heading in re.findall(r"^### (.+)$", page, re.MULTILINE) for words in re.findall("`(.+?)`", heading)
    ]
    ours = [words for words in quoted if words[0].islower()]
    code = "\n".join(path.read_text() for path in (ROOT / "syncredis").rglob("*.py"))
    assert len(ours) > 10
    assert [words for words in ours if words not in code] == []


def test_codes_have_a_class() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    codes = re.findall(r"^### .*?`([A-Z]{2,}.*?)`", page, re.MULTILINE)
    assert len(codes) > 5
    assert [code for code in codes if type(error_from_reply(code)) is ResponseError] == []
