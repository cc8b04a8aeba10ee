"""The user that the documentation proposes for Sentinels is refused nothing."""

from __future__ import annotations

import re
from pathlib import Path

from syncredis.sentinel import Sentinel
from syncredis.sentinel.events import PrimaryChanged
from syncredis.testing import SentinelDeployment, embedded

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_failover_is_followed_with_these_rights() -> None:
    page = (ROOT / "docs" / "production.md").read_text()
    [user] = re.findall(r"^user (app .+?)\n```", page, re.MULTILINE | re.DOTALL)
    with SentinelDeployment(
        1, 1, server=embedded(), sentinel_password="of Sentinels", sentinel_config={"user": [" ".join(user.split())]}
    ) as deployment:
        own = {"username": "app", "password": "password"}
        sentinel = Sentinel(deployment.sentinel_locations, sentinel_kwargs=own)  # type: ignore[arg-type]
        with sentinel, sentinel.primary_for("myredis") as primary, sentinel.events() as events:
            assert primary.ping() is True
            assert sentinel.discover_replicas("myredis") == [deployment.replicas[0].location]
            deployment.failover()
            changed = next(event for event in iter(lambda: events.get(20), None) if isinstance(event, PrimaryChanged))
            assert changed.new == deployment.replicas[0].location
            assert primary.ping() is True
        refused = deployment.sentinels[0].execute_command("ACL", "LOG")
        assert [entry["object"] for entry in refused] == []
