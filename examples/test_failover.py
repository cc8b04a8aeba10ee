"""Testing an application: does it survive a failover, a network that loses replies, a primary that is cut off?

pytest examples/test_failover.py
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncredis import OutcomeUnknownError
from syncredis.sentinel import Sentinel
from syncredis.testing import Fault, SentinelDeployment


class Shop:
    """The application: takes orders, each of which is made exactly once, whatever happens on the way."""

    def __init__(self, sentinels: list[tuple[str, int]]) -> None:
        self._primary = Sentinel(sentinels, stream_timeout=1.0, failover_timeout=60.0).primary_for("myredis")

    def order(self, number: int, item: str) -> None:
        """Make an order. Its number is the caller's, so that it can be made again when the outcome is unknown."""
        while True:
            try:
                self._primary.hset("orders", str(number), item)
                return
            except OutcomeUnknownError:
                continue  # the same order under the same number: nobody gets two

    def orders(self) -> dict[str, str]:
        """All orders, by their numbers."""
        return self._primary.hgetall("orders")

    def close(self) -> None:
        """Close all connections."""
        self._primary.close()


@pytest.fixture
def shop(sentinel_deployment: SentinelDeployment) -> Iterator[Shop]:
    """The application, on a deployment of its own."""
    shop = Shop(list(sentinel_deployment.sentinel_locations))
    yield shop
    shop.close()


def test_the_primary_dies(shop: Shop, sentinel_deployment: SentinelDeployment) -> None:
    shop.order(1, "tea")
    sentinel_deployment.wait_until_ready()  # the replicas have got it
    sentinel_deployment.kill(sentinel_deployment.primary)
    shop.order(2, "milk")
    assert shop.orders() == {"1": "tea", "2": "milk"}


@pytest.mark.sentinel_deployment(replicas=0, sentinels=1, proxied=True)
@pytest.mark.parametrize("count", range(5))
def test_a_reply_is_lost(shop: Shop, sentinel_deployment: SentinelDeployment, count: int) -> None:
    shop.order(1, "tea")
    proxy = sentinel_deployment.primary.proxy
    proxy.to_client = Fault(cut_after=count)  # of the four bytes of the reply, only so many arrive
    shop.order(2, "milk")
    assert shop.orders() == {"1": "tea", "2": "milk"}
    assert proxy.struck == 1


@pytest.mark.sentinel_deployment(replicas=1, sentinels=3, proxied=True)
def test_the_primary_is_cut_off(shop: Shop, sentinel_deployment: SentinelDeployment) -> None:
    shop.order(1, "tea")
    sentinel_deployment.wait_until_ready()
    sentinel_deployment.primary.proxy.partition()
    shop.order(2, "milk")
    assert shop.orders() == {"1": "tea", "2": "milk"}
