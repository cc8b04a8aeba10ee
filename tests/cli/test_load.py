"""The pace of a load."""

from __future__ import annotations

import time

from syncredis.cli.load import Pace


def test_calls_begin_at_a_steady_rate():
    pace = Pace(100.0)
    began = time.monotonic()
    for _ in range(31):
        time.sleep(pace.pause())
    assert time.monotonic() - began >= 0.29  # 29 whole intervals at least; the first is cut by chance


def test_what_an_outage_held_up_is_not_made_up_for():
    pace = Pace(2.0)
    assert 0 <= pace.pause() <= 0.5
    time.sleep(1.2)
    assert pace.pause() == 0
    assert pace.pause() > 0.3
