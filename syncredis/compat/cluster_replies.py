"""What servers in cluster mode say of themselves, as redis-py reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from syncredis.replies import to_str


def _info(reply: Any) -> dict[str, str]:
    return dict(line.split(":", 1) for line in to_str(reply).splitlines() if line)


def _nodes(reply: Any) -> dict[str, dict[str, Any]]:
    lines = reply.splitlines() if isinstance(reply, (str, bytes)) else reply
    return dict(_node(to_str(line)) for line in lines)


def _node(line: str) -> tuple[str, dict[str, Any]]:
    number, address, flags, primary, sent, received, epoch, state, *slots = line.split(" ")
    place, _, more = address.partition("@")
    return place, {
        "node_id": number,
        "hostname": more.partition(",")[2],
        "flags": flags,
        "master_id": primary,
        "last_ping_sent": sent,
        "last_pong_rcvd": received,
        "epoch": epoch,
        "slots": [part.split("-") for part in slots if not part.startswith("[")],
        "migrations": [_migration(part[1:-1]) for part in slots if part.startswith("[")],
        "connected": state == "connected",
    }


def _migration(text: str) -> dict[str, str]:
    sign, state = ("->-", "migrating") if "->-" in text else ("-<-", "importing")
    slot, _, node = text.partition(sign)
    return {"slot": slot, "node_id": node, "state": state}


def _is_ok(reply: Any) -> bool:
    return reply in ("OK", b"OK")


def _texts(reply: Any) -> list[Any]:
    return [to_str(element) if isinstance(element, bytes) else element for element in reply]


#: Subcommand of CLUSTER -> how its reply is decoded.
DECODED: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(
        [
            "ADDSLOTS",
            "ADDSLOTSRANGE",
            "DELSLOTS",
            "DELSLOTSRANGE",
            "FAILOVER",
            "FORGET",
            "MEET",
            "REPLICATE",
            "RESET",
            "SAVECONFIG",
            "SET-CONFIG-EPOCH",
            "SETSLOT",
        ],
        _is_ok,
    ),
    "INFO": _info,
    "NODES": _nodes,
    "REPLICAS": _nodes,
    "SLAVES": _nodes,
    "GETKEYSINSLOT": _texts,
}
