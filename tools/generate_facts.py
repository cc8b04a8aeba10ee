"""Writes `syncredis/_generated_facts.py`: what the server's own command table says about each command.

The tables are asked of the embedded server (`pip install syncredis[embedded]`) and of a Sentinel of the same kind, which this
starts and ends.

    python tools/generate_facts.py             writes
    python tools/generate_facts.py --check     compares; exit status 1 if what stands there is not what would be written
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from syncredis import Redis
from syncredis.testing import SentinelDeployment, ServerProcess, embedded

#: Where keys stand among the arguments, the command's name being number 0: the first, the last (-1: of all), and the step
#: from one to the next. Or, with 0 as the last: where their number stands, right before the first.
Place: TypeAlias = tuple[int, int, int]

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "syncredis" / "_generated_facts.py"

#: The table gives "readonly" to commands that read keys. These read something else, and change nothing either.
ALSO_READ_ONLY = """
    ACL CAT, ACL DRYRUN, ACL GETUSER, ACL HELP, ACL LIST, ACL LOG, ACL USERS, ACL WHOAMI, CLIENT GETNAME,
    CLIENT GETREDIR, CLIENT ID, CLIENT INFO, CLIENT LIST, CLIENT TRACKINGINFO, COMMAND, COMMAND COUNT, COMMAND DOCS,
    COMMAND GETKEYS, COMMAND GETKEYSANDFLAGS, COMMAND INFO, COMMAND LIST, COMMANDLOG GET, COMMANDLOG LEN, CONFIG GET,
    ECHO, FUNCTION DUMP, FUNCTION LIST, FUNCTION STATS, INFO, LASTSAVE, LATENCY DOCTOR, LATENCY GRAPH,
    LATENCY HISTOGRAM, LATENCY HISTORY, LATENCY LATEST, LOLWUT, MEMORY DOCTOR, MEMORY HELP, MEMORY MALLOC-STATS,
    MEMORY STATS, MODULE LIST, MONITOR, PING, PUBSUB CHANNELS, PUBSUB NUMPAT, PUBSUB NUMSUB, PUBSUB SHARDCHANNELS,
    PUBSUB SHARDNUMSUB, ROLE, SCRIPT EXISTS, SCRIPT SHOW, SENTINEL CKQUORUM, SENTINEL GET-MASTER-ADDR-BY-NAME,
    SENTINEL INFO-CACHE, SENTINEL MASTER, SENTINEL MASTERS, SENTINEL MYID, SENTINEL PENDING-SCRIPTS, SENTINEL REPLICAS,
    SENTINEL SENTINELS, SLOWLOG GET, SLOWLOG LEN, TIME, UNWATCH, WATCH
"""

#: The same from the documentation of commands that only Redis has, since 8.4 or later.
REDIS_READ_ONLY = {"DIGEST", "SDIFFCARD", "SUNIONCARD"}
REDIS_BLOCKING = {"BLMOVEM"}
REDIS_WRITTEN_KEYS: dict[str, tuple[Place, ...]] = {
    **dict.fromkeys(["DELEX", "INCREX", "XACKDEL", "XCFGSET", "XDELEX", "XNACK"], ((1, 1, 1),)),
    **dict.fromkeys(["BLMOVEM", "LMOVEM"], ((1, 2, 1),)),
}

#: Commands that read keys, but whose replies change by themselves, or are not asked for their own sake.
NOT_WORTH_KEEPING = {"HPTTL", "HTTL", "PTTL", "TOUCH", "TTL", "XPENDING"}


def main() -> int:
    """Run the tool; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only, and say whether it differs")
    check: bool = parser.parse_args().check
    wanted = _module()
    if check:
        if TARGET.read_text() != wanted:
            print(f"{TARGET.relative_to(ROOT)} is not what tools/generate_facts.py writes", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(wanted)
    return 0


def _module() -> str:
    binary = embedded()
    with SentinelDeployment(0, 1, server=binary) as deployment:
        servers = [*deployment.sentinels, deployment.primary]
        table = {name: entry for server in servers for name, entry in _table(server)}
    flags = {name: set(entry[2]) for name, entry in table.items()}
    also = {name.strip() for name in ALSO_READ_ONLY.replace("\n", " ").split(",")}
    if unknown := also - flags.keys():
        raise SystemExit(f"ALSO_READ_ONLY names what the server does not have: {', '.join(sorted(unknown))}")
    read_only = {name for name, words in flags.items() if "readonly" in words} | also | REDIS_READ_ONLY
    quick = {name for name in read_only if "fast" in flags.get(name, ())}
    blocking = {name for name, words in flags.items() if "blocking" in words} | REDIS_BLOCKING
    read_keys = {
        name: places[0]
        for name, entry in table.items()
        if " " not in name
        and "readonly" in flags[name]
        and not {"nondeterministic_output", "blocking"} & {*entry[7], *flags[name]}
        and name not in NOT_WORTH_KEEPING
        and not _RUN_CODE & {name}
        and (places := _places(entry, _ANY)) is not None
        and len(places) == 1
    }
    written_keys = {
        name: places
        for name, entry in table.items()
        if name not in read_only
        and not entry[9]
        and not name.startswith(("CLUSTER", "DEBUG", "SENTINEL"))
        and not name.endswith("HELP")
        and (places := _places(entry, _WRITTEN)) is not None
        and (entry[8] or "write" not in flags[name])
    } | REDIS_WRITTEN_KEYS
    version = ".".join(map(str, binary.version[:2]))
    return _formatted(
        f'"""GENERATED by tools/generate_facts.py from the command table of {binary.name} {version}. Do not edit."""\n\n'
        f"from __future__ import annotations\n\nfrom typing import Final, TypeAlias\n\n"
        f"#: Commands that change nothing, so that carrying them out twice does no harm.\n"
        f"READ_ONLY: Final = frozenset({sorted(read_only)!r})\n\n"
        f"#: Those of them that the server answers at once, whatever they are about.\n"
        f"QUICK: Final = frozenset({sorted(quick)!r})\n\n"
        f"#: Commands that the server may hold back a reply to.\n"
        f"BLOCKING: Final = frozenset({sorted(blocking)!r})\n\n"
        f"#: Where keys stand among a command's arguments, its name being number 0: the first, the last (-1: of all), and the\n"
        f"#: step from one to the next. With 0 as the last: where their number stands, right before the first.\n"
        f"Place: TypeAlias = tuple[int, int, int]\n\n"
        f"#: Commands whose reply follows from the values of keys alone -> where those stand.\n"
        f"READ_KEYS: Final[dict[str, Place]] = {dict(sorted(read_keys.items()))!r}\n\n"
        f"#: Commands that are not read-only -> where the keys stand that they may change. Others may change anything.\n"
        f"WRITTEN_KEYS: Final[dict[str, tuple[Place, ...]]] = {dict(sorted(written_keys.items()))!r}\n"
    )


def _table(server: ServerProcess) -> Iterator[tuple[str, list[Any]]]:
    with Redis(*server.location) as client:
        yield from _entries(client.execute_command("COMMAND"))


def _entries(table: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield each command's name, as ``CONFIG GET`` where it is a subcommand, and what the table says of it."""
    for entry in table:
        yield entry[0].upper().replace("|", " "), entry
        yield from _entries(entry[9])


_RUN_CODE = {"EVAL_RO", "EVALSHA_RO", "FCALL_RO"}

#: What a command does with keys, in the table's words: overwrites, changes, removes; reads.
_WRITTEN = {"OW", "RW", "RM"}
_ANY = {*_WRITTEN, "RO"}


def _places(entry: list[Any], kinds: set[str]) -> tuple[Place, ...] | None:
    """Return where the keys stand that a command uses in one of these ways; None where that can not be said."""
    found: list[Place] = []
    for spec in entry[8]:
        if not kinds & set(spec["flags"]):
            continue
        search, find = spec["begin_search"], spec["find_keys"]
        if search["type"] != "index" or "incomplete" in spec["flags"]:
            return None
        index: int = search["spec"]["index"]
        if find["type"] == "range" and not find["spec"]["limit"]:
            last: int = find["spec"]["lastkey"]
            found.append((index, last if last < 0 else index + last, find["spec"]["keystep"]))
        elif find["type"] == "keynum" and (find["spec"]["keynumidx"], find["spec"]["firstkey"]) == (0, 1):
            found.append((index, 0, find["spec"]["keystep"]))
        else:
            return None
    return tuple(found)


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


if __name__ == "__main__":
    sys.exit(main())
