"""The watchdog process: ends the servers of a Python process that died without ending them.

Run as a script with nothing but the standard library; `syncredis.testing.watchdog` starts it and
holds the other end of its standard input. A line per event:

    +SERIAL PID   a server runs now             -SERIAL       and is gone
    >DIRECTORY    this directory exists         <DIRECTORY    and is removed      (in hexadecimal)

A serial number is given once, the number of a process may come again.

End of file means that the starter is gone, in whatever way. What is left on the list ends with it.
"""

import os
import select
import signal
import sys
import time


class Server:
    """One process to end: exactly that one, where the system allows it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = descriptor_of(pid)
        if self.descriptor is None:
            os.kill(pid, 0)

    def kill(self) -> None:
        try:
            if self.descriptor is None:
                os.kill(self.pid, signal.SIGKILL)
            else:
                signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)
        except OSError:
            return  # it was faster

    def wait(self, deadline: float) -> None:
        """Return when the process has ended, at the latest when the clock shows `deadline`."""
        if self.descriptor is not None:
            select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            return
        while time.monotonic() < deadline:
            try:
                os.kill(self.pid, 0)
            except OSError:
                return
            time.sleep(0.01)

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


def descriptor_of(pid: int) -> int | None:
    """Return what stands for the process even after its number is given to another.

    None where that can not be had: not on Linux, or the kernel or a sandbox refuses it. Raises ProcessLookupError
    if there is no such process.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:
        return None


def follow(pid: int) -> Server | None:
    """Return the server to follow, None if it is gone already."""
    try:
        return Server(pid)
    except OSError:
        return None


def main() -> None:
    """Follow the events until the end of file, then end what is left."""
    # Our own session keeps the terminal's signals away; this, those sent to many by mistake.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    servers: dict[str, Server] = {}
    directories: set[str] = set()
    for line in sys.stdin.buffer:
        event, value = line[:1], line[1:].strip().decode()
        if event == b"+":
            serial, pid = value.split()
            server = follow(int(pid))
            if server is not None:
                servers[serial] = server
        elif event == b"-":
            server = servers.pop(value, None)
            if server is not None:
                server.close()
        elif event == b">":
            directories.add(value)
        elif event == b"<":
            directories.discard(value)

    for server in servers.values():
        server.kill()
    if directories:
        remove(directories, servers)


def remove(directories: set[str], servers: dict[str, Server]) -> None:
    """Remove the directories once no server writes to them any more."""
    import shutil  # only after a crash: the usual life of this process should cost little

    deadline = time.monotonic() + 10
    for server in servers.values():
        server.wait(deadline)
    for directory in directories:
        shutil.rmtree(bytes.fromhex(directory), ignore_errors=True)


if __name__ == "__main__":
    main()
