"""The fixtures of all tests; each module of `tests.fixtures` holds one kind."""

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.surfaces",
    "tests.fixtures.clients",
    "tests.fixtures.ledger",
    "tests.fixtures.leaks",
    "tests.fixtures.tls",
    "tests.fixtures.threads",
    "tests.fixtures.peer",
    "tests.fixtures.deployments",
]
