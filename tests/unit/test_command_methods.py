"""What command methods send: the same on every surface, and as documented where no server at hand has the command."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from syncredis import DataError, commands
from syncredis.command import BaseCommand
from syncredis.commands import Commands, types
from syncredis.commands.types import DeliveredEntries, DeliveredEntry, Increment
from syncredis.resp import encode
from tests.fixtures.calls import SURFACES, call_of, command_methods, recorded


@pytest.mark.parametrize("name", command_methods())
def test_every_surface_sends_the_same(name: str) -> None:
    call = call_of(name)
    wanted = recorded(name, *call.arguments, **call.options)
    for surface, make in SURFACES.items():
        made = make(name, call)
        assert isinstance(made, BaseCommand), surface
        assert (made.arguments, made.text, made.blocks) == (wanted.arguments, wanted.text, wanted.blocks), surface
        assert (made.decode is None, made.held_back) == (wanted.decode is None, wanted.held_back), surface


@pytest.mark.parametrize("name", command_methods())
def test_every_method_links_its_documentation(name: str) -> None:
    last = str(getattr(Commands, name).__doc__).strip().splitlines()[-1].strip()
    assert last.startswith(("https://redis.io/docs/latest/", "https://valkey.io/")), last
    assert " " not in last


BAD = [None, True, {}, {"no": "such"}, object()]

#: Where None stands for the default, though the annotation does not say so.
NONE_IS_THE_DEFAULT = {
    ("geosearch", "unit"),
    ("geosearchstore", "unit"),
    ("xackdel", "ref_policy"),
    ("xdelex", "ref_policy"),
}


def fits(value: object, hint: Any) -> bool:
    """Whether the annotation of a parameter lets ``value`` be given."""
    kinds = [hint, *get_args(hint)]
    if value is None:
        return type(None) in kinds
    return value is True or (
        isinstance(value, dict) and bool(value) and any(get_origin(kind) is Mapping for kind in kinds)
    )


def calls_with(name: str, bad: object) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls of a method that are right but for one argument, which is ``bad``; and that argument's name."""
    call = call_of(name)
    hints = get_type_hints(getattr(Commands, name))
    for position, parameter in enumerate(list(inspect.signature(getattr(Commands, name)).parameters.values())[1:]):
        hint = hints[parameter.name]
        is_flag = bool in (hint, *get_args(hint))
        if parameter.kind is parameter.VAR_KEYWORD or is_flag or (bad is not True and fits(bad, hint)):
            continue
        if parameter.kind is parameter.VAR_POSITIONAL or position < len(call.arguments):
            arguments = (*call.arguments[:position], bad, *call.arguments[position + 1 :])
            yield parameter.name, arguments, dict(call.options)
        else:
            yield parameter.name, call.arguments, {**call.options, parameter.name: bad}


@pytest.mark.parametrize("name", command_methods())
def test_bad_arguments_are_refused_by_name_before_anything_is_sent(name: str) -> None:
    for bad in BAD:
        for parameter, arguments, options in calls_with(name, bad):
            if bad is None and (name, parameter) in NONE_IS_THE_DEFAULT:
                continue
            with pytest.raises((DataError, TypeError)) as raised:
                encode(recorded(name, *arguments, **options).arguments, "utf-8")
            message = str(raised.value)
            words = parameter.strip("_").split("_")
            assert any(word in message for word in [parameter, *words, "argument "]), (parameter, message)


#: Where there may be none of what could be several: the command does something without, too.
NONE_WILL_DO = {
    *(("acl_setuser", "selectors"), ("bitfield_ro", "items"), ("command_docs", "args"), ("config_get", "args")),
    *(("config_set", "args"), ("info", "args"), ("latency_histogram", "args"), ("latency_reset", "events")),
    *(("lolwut", "version_numbers"), ("module_load", "args"), ("module_loadex", "args"), ("module_loadex", "options")),
    *(("pfadd", "values"), ("pfmerge", "sources"), ("pubsub_numsub", "args"), ("pubsub_shardnumsub", "args")),
    *(("sentinel_config_get", "args"), ("sentinel_config_set", "args"), ("sentinel_set", "args")),
}


def calls_without(name: str) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls of a method that are right but for an argument of which there are none, and that argument's name."""
    call = call_of(name)
    hints = get_type_hints(getattr(Commands, name))
    in_iterable = False
    for position, parameter in enumerate(list(inspect.signature(getattr(Commands, name)).parameters.values())[1:]):
        kinds = {get_origin(kind) for kind in (hints[parameter.name], *get_args(hints[parameter.name]))}
        if parameter.kind is parameter.VAR_POSITIONAL:
            if not in_iterable:  # else they are further ones of those
                yield parameter.name, call.arguments[:position], dict(call.options)
        elif kinds & {Iterable, Mapping}:
            in_iterable = Iterable in kinds
            empty: Any = {} if Mapping in kinds else []
            if position < len(call.arguments):
                several = [p.kind for p in inspect.signature(getattr(Commands, name)).parameters.values()]
                rest = () if parameter.VAR_POSITIONAL in several else call.arguments[position + 1 :]
                yield parameter.name, (*call.arguments[:position], empty, *rest), dict(call.options)
            else:
                yield parameter.name, call.arguments, {**call.options, parameter.name: empty}


@pytest.mark.parametrize("name", command_methods())
def test_none_at_all_of_several_are_refused_where_one_is_needed(name: str) -> None:
    for parameter, arguments, options in calls_without(name):
        if (name, parameter) in NONE_WILL_DO:
            assert encode(recorded(name, *arguments, **options).arguments, "utf-8")
        else:
            with pytest.raises((DataError, TypeError)):
                encode(recorded(name, *arguments, **options).arguments, "utf-8")


# --- commands that Redis 8 brought ---------------------------------------------------------------------

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "arguments", "options", "sent"),
    [
        ("delex", ("k",), {}, "DELEX k"),
        ("delex", ("k",), {"ifeq": 1}, "DELEX k IFEQ 1"),
        ("delex", ("k",), {"ifne": b"v"}, "DELEX k IFNE v"),
        ("delex", ("k",), {"ifdeq": "0a"}, "DELEX k IFDEQ 0a"),
        ("delex", ("k",), {"ifdne": b"0a"}, "DELEX k IFDNE 0a"),
        ("digest", ("k",), {}, "DIGEST k"),
        ("set", ("k", "v"), {"ifne": "w"}, "SET k v IFNE w"),
        ("set", ("k", "v"), {"ifdeq": "0a", "get": True}, "SET k v IFDEQ 0a GET"),
        ("set", ("k", "v"), {"ifdne": "0a", "px": 5}, "SET k v IFDNE 0a PX 5"),
        ("increx", ("k",), {}, "INCREX k"),
        (
            "increx",
            ("k",),
            {"byint": 2, "lbound": -5, "ubound": 10, "saturate": True, "ex": timedelta(minutes=1), "enx": True},
            "INCREX k BYINT 2 LBOUND -5 UBOUND 10 SATURATE EX 60 ENX",
        ),
        ("increx", ("k",), {"byfloat": 0.5, "exat": MOMENT}, "INCREX k BYFLOAT 0.5 EXAT 1893456000"),
        ("increx", ("k",), {"persist": True}, "INCREX k PERSIST"),
        ("bitop", ("diff", "d", "a", "b"), {}, "BITOP DIFF d a b"),
        ("bitop", ("DIFF1", "d", "a", "b", "c"), {}, "BITOP DIFF1 d a b c"),
        ("bitop", ("andor", "d", "a", "b"), {}, "BITOP ANDOR d a b"),
        ("bitop", ("ONE", "d", "a"), {}, "BITOP ONE d a"),
        ("lmovem", ("a", "b"), {}, "LMOVEM a b LEFT RIGHT"),
        ("lmovem", ("a", "b", "right", "left", 3), {"ordering": "obo"}, "LMOVEM a b RIGHT LEFT COUNT 3 OBO"),
        (
            "lmovem",
            ("a", "b"),
            {"count": 3, "mode": "exactly", "ordering": "BULK"},
            "LMOVEM a b LEFT RIGHT EXACTLY 3 BULK",
        ),
        ("blmovem", ("a", "b", 1.5), {}, "BLMOVEM a b LEFT RIGHT 1.5"),
        (
            "blmovem",
            ("a", "b", 0, "RIGHT", "RIGHT", 2, "COUNT", "BULK"),
            {},
            "BLMOVEM a b RIGHT RIGHT 0 COUNT 2 BULK",
        ),
        ("sdiffcard", (2, ["a", "b"]), {}, "SDIFFCARD 2 a b LIMIT 0"),
        ("sdiffcard", (1, "a", 5), {}, "SDIFFCARD 1 a LIMIT 5"),
        ("sunioncard", (2, ["a", "b"]), {}, "SUNIONCARD 2 a b LIMIT 0"),
        ("sunioncard", (1, "a", 5, True), {}, "SUNIONCARD 1 a APPROX LIMIT 5"),
        ("zunion", (["a", "b"], "count"), {}, "ZUNION 2 a b AGGREGATE COUNT"),
        ("zinterstore", ("d", {"a": 2}, "COUNT"), {}, "ZINTERSTORE d 1 a WEIGHTS 2 AGGREGATE COUNT"),
        ("xadd", ("s", {"f": 1}), {"ref_policy": "acked", "maxlen": 9}, "XADD s ACKED MAXLEN ~ 9 * f 1"),
        ("xadd", ("s", {"f": 1}), {"idmpauto": "p", "nomkstream": True}, "XADD s NOMKSTREAM IDMPAUTO p * f 1"),
        (
            "xadd",
            ("s", {"f": 1}),
            {"idmp": ("p", b"i"), "ref_policy": "DELREF", "minid": "5-0"},
            "XADD s DELREF IDMP p i MINID ~ 5-0 * f 1",
        ),
        ("xtrim", ("s", 9), {"ref_policy": "KEEPREF", "limit": 3}, "XTRIM s MAXLEN ~ 9 LIMIT 3 KEEPREF"),
        ("xdelex", ("s", "1-1", "2-1"), {}, "XDELEX s KEEPREF IDS 2 1-1 2-1"),
        ("xdelex", ("s", 1), {"ref_policy": "delref"}, "XDELEX s DELREF IDS 1 1"),
        ("xackdel", ("s", "g", "1-1"), {}, "XACKDEL s g KEEPREF IDS 1 1-1"),
        ("xackdel", ("s", "g", "1-1", "2-1"), {"ref_policy": "ACKED"}, "XACKDEL s g ACKED IDS 2 1-1 2-1"),
        ("xcfgset", ("s", timedelta(minutes=2)), {"idmp_maxsize": 50}, "XCFGSET s IDMP-DURATION 120 IDMP-MAXSIZE 50"),
        ("xcfgset", ("s",), {"idmp_maxsize": 50}, "XCFGSET s IDMP-MAXSIZE 50"),
        ("xnack", ("s", "g", "fail", "1-1"), {}, "XNACK s g FAIL IDS 1 1-1"),
        (
            "xnack",
            ("s", "g", "FATAL", "1-1", "2-1"),
            {"retrycount": 0, "force": True},
            "XNACK s g FATAL IDS 2 1-1 2-1 RETRYCOUNT 0 FORCE",
        ),
        ("xread", ({"s": "$"},), {"max_count": 5, "max_size": 100}, "XREAD MAXCOUNT 5 MAXSIZE 100 STREAMS s $"),
        (
            "xreadgroup",
            ("g", "c", {"s": ">"}, 2, 50, True),
            {"claim_min_idle_time": timedelta(seconds=1), "max_count": 3, "max_size": 4},
            "XREADGROUP GROUP g c COUNT 2 MAXCOUNT 3 MAXSIZE 4 BLOCK 50 CLAIM 1000 NOACK STREAMS s >",
        ),
    ],
)
def test_what_redis_8_understands(name: str, arguments: tuple[Any, ...], options: dict[str, Any], sent: str) -> None:
    command = recorded(name, *arguments, **options)
    assert [_text(argument) for argument in command.arguments] == sent.split()


def _text(argument: Any) -> str:
    return argument.decode() if isinstance(argument, bytes) else str(argument)


@pytest.mark.parametrize(
    ("name", "arguments", "options", "refusal"),
    [
        ("delex", ("k",), {"ifeq": 1, "ifdne": "0a"}, "ifeq and ifdne exclude each other"),
        ("set", ("k", "v"), {"nx": True, "ifne": 1}, "nx and ifne exclude each other"),
        ("increx", ("k",), {"byint": 1, "byfloat": 1.0}, "byfloat and byint exclude each other"),
        ("increx", ("k",), {"ex": 1, "persist": True}, "ex and persist exclude each other"),
        ("increx", ("k",), {"enx": True}, "enx needs ex, px, exat or pxat"),
        ("increx", ("k",), {"enx": True, "persist": True}, "enx needs ex, px, exat or pxat"),
        ("bitop", ("DIFF", "d", "a"), {}, "operation DIFF takes at least two keys"),
        ("lmovem", ("a", "b"), {"count": 2}, "count needs ordering"),
        ("lmovem", ("a", "b"), {"mode": "EXACTLY"}, "mode and ordering need count"),
        ("lmovem", ("a", "b"), {"count": 2, "ordering": "ANY"}, "ordering must be OBO or BULK"),
        ("blmovem", ("a", "b", -1), {}, "timeout must be a number of seconds"),
        ("sdiffcard", (1, ["a", "b"]), {}, "numkeys is 1, but the number of keys is 2"),
        ("sunioncard", (0, []), {}, "keys must hold at least one element"),
        ("xadd", ("s", {"f": 1}), {"idmp": ("p", "i"), "idmpauto": "p"}, "idmpauto and idmp exclude each other"),
        ("xadd", ("s", {"f": 1}, "5-1"), {"idmpauto": "p"}, "idmpauto and idmp need '\\*' as id"),
        ("xadd", ("s", {"f": 1}), {"ref_policy": "NONE"}, "ref_policy must be KEEPREF or DELREF or ACKED"),
        ("xdelex", ("s",), {}, "ids must hold at least one element"),
        ("xackdel", ("s", "g"), {}, "ids must hold at least one element"),
        ("xcfgset", ("s",), {}, "idmp_duration or idmp_maxsize is needed"),
        ("xnack", ("s", "g", "odd", "1-1"), {}, "mode must be SILENT or FAIL or FATAL, not 'odd'"),
        ("xnack", ("s", "g", "FAIL"), {}, "ids must hold at least one element"),
        ("xread", ({"s": "$"},), {"max_count": 0}, "max_count must be a positive number"),
        ("xreadgroup", ("g", "c", {"s": ">"}), {"max_size": -1}, "max_size must be a positive number"),
    ],
)
def test_what_makes_no_sense_is_refused(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(DataError, match=refusal):
        recorded(name, *arguments, **options)


def test_facts_about_commands_of_redis_8() -> None:
    assert recorded("digest", "k").read_only
    assert recorded("sunioncard", 1, "k").read_only
    assert not recorded("delex", "k").read_only
    assert recorded("blmovem", "a", "b", 1.5).blocks == 1.5
    assert recorded("blmovem", "a", "b", 0).blocks == 0


@pytest.mark.parametrize("reply", [[["s", [["1-1", ["f", "v"], 1500, 3]]]], {"s": [["1-1", ["f", "v"], "1500", "3"]]}])
def test_deliveries_are_told_with_entries_that_were_claimed(reply: Any) -> None:
    command = recorded("xreadgroup", "g", "c", {"s": ">"}, claim_min_idle_time=1000)
    assert command.decode is not None
    assert command.decode(reply) == [DeliveredEntries("s", [DeliveredEntry("1-1", {"f": "v"}, 1500, 3)])]
    assert command.decode([["s", [["1-1", ["f", "v"]]]]]) == [
        DeliveredEntries("s", [DeliveredEntry("1-1", {"f": "v"})])
    ]
    assert command.decode(None) == []


def test_increments_are_numbers() -> None:
    whole = recorded("increx", "k", byint=2)
    real = recorded("increx", "k", byfloat=0.5)
    assert whole.decode is not None
    assert real.decode is not None
    assert whole.decode([12, 2]) == Increment(12, 2)
    assert real.decode([b"1.5", b"0.5"]) == real.decode([1.5, 0.5]) == Increment(1.5, 0.5)
    assert type(real.decode(["2", "1"]).value) is float


# --- what they take and return -------------------------------------------------------------------------


def test_what_they_take_and_return_can_be_imported_from_one_module() -> None:
    modules = [import_module(f"syncredis.commands.{path.stem}") for path in Path(commands.__path__[0]).glob("[!_]*.py")]
    wanted: set[str] = set()
    for module in modules:
        wanted |= {name for name, value in vars(module).items() if _is_value_class(value, module.__name__)}
        wanted |= {name for name, hint in inspect.get_annotations(module).items() if hint == "TypeAlias"}
    assert sorted(types.__all__) == sorted(name for name in wanted if not name.startswith("_"))


def _is_value_class(value: Any, module: str) -> bool:
    is_own = isinstance(value, type) and value.__module__ == module
    return is_own and (is_typeddict(value) or issubclass(value, tuple))
