"""`Subcommand`: what a module of this package offers to the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """One subcommand, as `syncredis.cli.main` lists it.

    Attributes:
        name: what it is called by.
        summary: a few words for the list of subcommands.
        description: what it does, for its ``--help``.
        epilog: examples and exit statuses.
        add_arguments: declares its options.
        run: does the work and returns the exit status. What it needs beyond the library itself (rich, servers) it imports
            then, so that ``--help`` and ``--version`` always work.
        has_json: whether it takes ``--json``.
    """

    name: str
    summary: str
    description: str
    epilog: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
    has_json: bool = False
