"""The offsets of a primary against where its heir took over."""

from __future__ import annotations

from syncredis.sentinel.write_loss import OffsetLog


def primary(replication_id: str, offset: int) -> dict[str, object]:
    return {"master_replid": replication_id, "master_repl_offset": offset}


def heir(of: str, taken_over_at: int) -> dict[str, object]:
    return {"master_replid2": of, "second_repl_offset": taken_over_at}


def test_what_was_lost() -> None:
    log = OffsetLog()
    assert log.latest is None
    for at, offset in ((1.0, 100), (2.0, 200), (3.0, 300)):
        log.note(primary("a", offset), at)
    assert log.latest == 300
    loss = log.compare(heir("a", 251))
    assert loss is not None
    assert (loss.replication_id, loss.kept_offset, loss.seen_offset, loss.lost_bytes) == ("a", 250, 300, 50)
    assert (loss.kept_until, loss.seen_at) == (2.0, 3.0)


def test_nothing_was_lost() -> None:
    log = OffsetLog()
    log.note(primary("a", 300), 3.0)
    loss = log.compare(heir("a", 301))
    assert loss is not None
    assert (loss.lost_bytes, loss.kept_until) == (0, 3.0)


def test_nothing_is_certain() -> None:
    log = OffsetLog()
    log.note(primary("a", 300), 3.0)
    loss = log.compare(heir("a", 1))
    assert loss is not None
    assert (loss.lost_bytes, loss.kept_until) == (300, None)


def test_another_stream() -> None:
    log = OffsetLog()
    assert log.compare(heir("a", 1)) is None
    log.note(primary("a", 300), 3.0)
    assert log.compare(heir("b", 1)) is None
    log.note(primary("b", 10), 4.0)  # the heir is looked at already
    assert log.compare(heir("a", 301)) is not None
    log.note(primary("c", 10), 5.0)
    assert log.compare(heir("a", 301)) is None
    log.start_anew()
    assert log.latest is None
