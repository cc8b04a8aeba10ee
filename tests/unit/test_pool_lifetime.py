"""What becomes of connections and pools that are lost, forgotten, or taken along into a child process."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Redis
from syncredis.pool import ConnectionPool
from tests.fixtures.peer import Peer
from tests.fixtures.threads import until
from tests.unit.conftest import counts, ping

MakePool = Callable[..., Any]


def served(peer: Peer) -> int:
    """How many connections the peer has open."""
    return sum(thread.is_alive() for thread in peer._threads[1:])


def test_a_lost_lease_gives_its_slot_back(make_pool: MakePool, peer: Peer) -> None:
    """An exception from outside may come between the lease and the block that returns it."""
    pool = make_pool(max_connections=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in range(3):
            connection = pool.lease()
            assert ping(connection)
            del connection
            gc.collect()
            assert counts(pool) == (0, 0, 0), number
            until(lambda: served(peer) == 0)
    assert not caught
    assert peer.accepted == 3


def test_a_forgotten_pool_is_collected(peer: Peer) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pool = ConnectionPool(peer.config)
        with pool.leased(), pool.leased():
            pass
        assert served(peer) == 2
        watched = weakref.ref(pool)
        del pool
        gc.collect()
        assert watched() is None
        until(lambda: served(peer) == 0)
    assert not caught


def test_a_forgotten_client_is_collected(peer: Peer) -> None:
    client = Redis(*peer.location)
    assert client.execute_command("PING") == "PONG"
    watched = weakref.ref(client.pool)
    del client
    gc.collect()
    assert watched() is None
    until(lambda: served(peer) == 0)


def test_a_lease_outlives_its_pool(peer: Peer) -> None:
    pool = ConnectionPool(peer.config)
    connection = pool.lease()
    del pool
    gc.collect()
    assert ping(connection)
    connection.close()


def run(script: str) -> subprocess.CompletedProcess[str]:
    prelude = """
        import gc, os, signal, sys, threading, time, traceback
        from syncredis.command import Command
        from syncredis.config import PoolConfig
        from syncredis.pool import ConnectionPool
        from tests.fixtures.peer import Peer
        from tests.unit.conftest import counts, ping

        def in_child(function):
            pid = os.fork()
            if pid == 0:
                signal.alarm(30)  # ends a child that hangs
                try:
                    function()
                except BaseException:
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            status = os.waitpid(pid, 0)[1]
            if status:
                print("the child ended with", status, flush=True)
                os._exit(1)

        peer = Peer()
    """
    code = textwrap.dedent(prelude) + textwrap.dedent(script) + "\npeer.close()\nprint('done')\n"
    # Forking a process with threads is what is tested here; newer versions of Python warn of it.
    options = ["-W", "error", "-W", "ignore:.*fork:DeprecationWarning", "-X", "faulthandler"]
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=False, timeout=100
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            """
            pool = ConnectionPool(peer.config, PoolConfig(max_connections=2, pool_timeout=1))
            lent, idle = pool.lease(), pool.lease()
            pool.return_connection(idle)

            def child():
                assert counts(pool) == (0, 0, 0)
                assert lent.fileno() == idle.fileno() == -1
                one, two = pool.lease(), pool.lease()
                assert one not in (lent, idle) and two not in (lent, idle)
                assert ping(one) and ping(two)
                pool.return_connection(lent)  # by a block that was open when the process was forked
                assert counts(pool) == (2, 0, 0)
                pool.return_connection(one)
                pool.return_connection(two)
                assert counts(pool) == (2, 2, 0)
                pool.close()

            in_child(child)
            assert counts(pool) == (2, 1, 0)
            assert ping(lent)
            assert pool.lease() is idle and ping(idle)
            idle.close()
            lent.close()
            """,
            id="the child begins with an empty pool",
        ),
        pytest.param(
            """
            pool = ConnectionPool(peer.config, PoolConfig(max_connections=1, pool_timeout=1))
            held = pool.lease()
            waiting = threading.Thread(target=lambda: pool.return_connection(pool.lease()))
            waiting.start()
            while counts(pool)[2] == 0:
                time.sleep(0.001)

            def child():
                assert counts(pool) == (0, 0, 0)
                with pool.leased() as connection:
                    assert ping(connection)
                assert counts(pool) == (1, 1, 0)
                pool.close()

            in_child(child)
            pool.return_connection(held)
            waiting.join()
            assert counts(pool) == (1, 1, 0)
            pool.close()
            """,
            id="waiting threads stay behind",
        ),
        pytest.param(
            """
            pool = ConnectionPool(peer.config)
            taken, release = threading.Event(), threading.Event()

            def hold():
                with pool._state.lock:
                    taken.set()
                    release.wait()

            holding = threading.Thread(target=hold)
            holding.start()
            taken.wait()

            def child():
                with pool.leased() as connection:
                    assert ping(connection)
                pool.close()

            in_child(child)
            release.set()
            holding.join()
            """,
            id="a lock that another thread holds",
        ),
        pytest.param(
            """
            pool = ConnectionPool(peer.config)
            connection = pool.lease()
            taken, release = threading.Event(), threading.Event()

            def hold():
                with connection._transport._closing:
                    taken.set()
                    release.wait()

            holding = threading.Thread(target=hold)
            holding.start()
            taken.wait()

            def child():
                assert connection.fileno() == -1

            in_child(child)
            release.set()
            holding.join()
            assert ping(connection)
            connection.close()
            """,
            id="a connection that another thread is closing",
        ),
        pytest.param(
            """
            pool = ConnectionPool(peer.config)
            peer.greeting.clear()
            connecting = threading.Thread(target=lambda: pool.return_connection(pool.lease()))
            connecting.start()
            while counts(pool)[0] == 0 or peer.accepted == 0:
                time.sleep(0.001)

            def child():
                assert counts(pool) == (0, 0, 0)

            in_child(child)
            peer.greeting.set()
            connecting.join()
            assert counts(pool) == (1, 1, 0)
            pool.close()
            """,
            id="a connection that another thread is making",
        ),
        pytest.param(
            """
            pools = [ConnectionPool(peer.config) for _ in range(5)]
            for pool in pools:
                with pool.leased():
                    pass
            stop = threading.Event()

            def churn():
                while not stop.is_set():
                    with pools[0].leased() as connection:
                        ping(connection)
                    pools.append(ConnectionPool(peer.config))
                    pools[0].invalidate()

            churning = [threading.Thread(target=churn) for _ in range(3)]
            for thread in churning:
                thread.start()

            def child():
                for pool in pools[:5]:
                    assert counts(pool) == (0, 0, 0)
                    with pool.leased() as connection:
                        assert ping(connection)
                    pool.close()

            for _ in range(20):
                in_child(child)
            stop.set()
            for thread in churning:
                thread.join()
            for pool in pools:
                pool.close()
            """,
            id="in the middle of everything",
        ),
    ],
)
def test_fork(script: str) -> None:
    done = run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
