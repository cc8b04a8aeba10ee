"""One of several processes leads; when it dies, another one takes over.

Starts a server of its own, and three processes, and kills the one that leads:

    pip install "syncredis[embedded]"
    python examples/leader.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from syncredis import Redis
from syncredis.testing import ServerProcess


def lead(client: Redis[str], name: str) -> None:
    """Wait until nobody else leads, then lead until this process ends."""
    lost = threading.Event()
    # Prolonged by a thread for as long as this process lives; free 2 seconds after it died.
    with client.lock("leader", timeout=2, renew=True, on_lost=lost.set) as lock:
        print(f"{name} leads", flush=True)
        client.set("led by", name)
        while not lost.wait(0.1):
            # Work that must not be done by two: look again before what can not be undone.
            assert lock.owned()
    print(f"{name} no longer leads", flush=True)


def start(port: int, name: str) -> subprocess.Popen[str]:
    """Start another process of this program."""
    return subprocess.Popen([sys.executable, __file__, str(port), name], stdout=subprocess.PIPE, text=True)


def main() -> None:
    with ServerProcess() as server, Redis(*server.location) as client:
        processes = {name: start(server.port, name) for name in ("ann", "bob", "cem")}
        try:
            first = wait_for_leader(client, None)
            print("first:", first)
            processes[first].kill()
            second = wait_for_leader(client, first)
            print("then another one:", second != first and second in processes)
        finally:
            for process in processes.values():
                process.kill()
                process.communicate()


def wait_for_leader(client: Redis[str], before: str | None) -> str:
    """Return the name of the one that leads, once it is not ``before``."""
    pause = threading.Event()
    while (name := client.get("led by")) == before or name is None:
        pause.wait(0.05)
    return name


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _, port, own_name = sys.argv
        with Redis("127.0.0.1", int(port), client_name=f"leader-{os.getpid()}") as own:
            lead(own, own_name)
    else:
        main()
