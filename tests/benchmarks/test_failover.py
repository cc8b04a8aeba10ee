"""The drills run, and what became of writes is told rightly. What the figures are is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.failover_chronicle import Heard, Look, Promotion, Write, judge, promotions
from benchmarks.failover_load import Record
from benchmarks.failover_outcome import longest_gap
from benchmarks.running import ROOT


def test_who_was_promoted() -> None:
    looks = [
        Look(0.0, 1, "master", 0, 0),
        Look(0.0, 2, "slave", 0, 1),
        Look(1.0, 1, "silent", 0, 0),
        Look(2.0, 2, "silent", 0, 0),  # whoever is promoted ends its connections
        Look(2.1, 2, "master", 0, 0),
        Look(3.0, 1, "master", 0, 0),  # it is back, and nobody has made it that
    ]
    heard = [
        Heard(1.9, 7, "+failover-state-select-slave", "master myredis host 1"),
        Heard(2.0, 7, "+failover-state-wait-promotion", "slave host:2 host 2 @ myredis host 1"),
    ]
    assert promotions(looks, heard) == [Promotion(2.1, 2)]
    heard += [
        Heard(4.0, 8, "+failover-state-select-slave", "master myredis host 2"),
        Heard(4.1, 8, "+failover-state-wait-promotion", "slave host:1 host 1 @ myredis host 2"),
    ]
    assert promotions(looks, heard) == [Promotion(2.1, 2), Promotion(4.1, 1)], "its role does not change then"


@pytest.mark.parametrize(
    ("node", "sent", "doing"),
    [
        (1, 1.0, "not_carried"),
        (1, 1.8, "late"),
        (1, 2.5, "misdirected"),
        (2, 2.5, "not_carried"),
        (2, 4.5, "misdirected"),
        (1, 4.5, "misdirected"),  # nobody has replaced it again: there is no reason
        (3, 2.5, "misdirected"),
    ],
)
def test_by_whose_doing_a_write_is_gone(node: int, sent: float, doing: str) -> None:
    reigns = [Promotion(0.0, 1), Promotion(2.0, 2), Promotion(4.0, 1)]
    write = Write("x", node, sent, sent + 0.1)
    losses = judge([write], reigns, [1.7, 3.9])
    assert getattr(losses, doing) == (write,)
    assert len(losses) == 1


def test_what_was_counted_twice() -> None:
    record = Record()
    record.note_count(0, 1)
    record.note_write_error(0, OSError(), counts=True)
    record.note_count(0, 3)  # the one of which nothing was known
    assert record.doubled == 0
    record.note_count(0, 2)  # some were lost
    record.note_count(0, 4)
    assert record.doubled == 1


def test_gaps() -> None:
    assert longest_gap([1.0, 2.0, 5.0, 9.9], 0.0, 10.0) == pytest.approx(4.9)
    assert longest_gap([1.0, 2.0], 0.0, 10.0) == -8.0, "it lasted to the end"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_drill(tmp_path: Path) -> None:
    written = tmp_path / "drills.json"
    command = [sys.executable, "-m", "benchmarks.failover", "--drill", "planned", "--client", "syncredis asyncio"]
    done = subprocess.run([*command, "--json", str(written)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| syncredis asyncio | 0/0 |" in done.stdout
    (outcome,) = json.loads(written.read_text())["planned"]["syncredis asyncio"]
    assert outcome["misdirected"] == outcome["doubled"] == outcome["stuck"] == 0
    assert outcome["after_promotion"] is not None
    assert outcome["subscriber"] is not None
