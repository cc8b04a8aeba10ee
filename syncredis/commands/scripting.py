"""The commands on scripts: https://redis.io/docs/latest/commands/?group=scripting

Those on functions are in `syncredis.commands.functions`. SCRIPT DEBUG has no method: it turns a connection into a
debugger's, and the next script ends it.
"""

from __future__ import annotations

from typing import Any, Literal

from syncredis.command import Command
from syncredis.commands.arguments import one_of, required
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.replies import list_of, to_bool, to_true
from syncredis.typing import AnyStr, EncodableT


class ScriptingCommands(CommandGroup[AnyStr]):
    """Commands that run scripts in the server, and on the scripts that it keeps.

    A script's result comes as RESP has it: Lua's whole numbers as int (others are cut to one), tables as lists, ``true`` as
    1, ``false`` and ``nil`` as None. A script that fails raises `ResponseError`.
    """

    __slots__ = ()

    def eval(self, script: str | bytes, numkeys: int, *keys_and_args: EncodableT) -> Any:
        """Run a script and return its result.

        Args:
            script: its text, Lua unless it begins with ``#!`` and another engine's name.
            numkeys: how many keys follow.
            *keys_and_args: the keys, ``KEYS`` in the script; then the arguments, ``ARGV``.

        https://redis.io/docs/latest/commands/eval/
        """
        return self.execute(Command[Any](("EVAL", script, *keys_first(numkeys, keys_and_args))))

    def eval_ro(self, script: str | bytes, numkeys: int, *keys_and_args: EncodableT) -> Any:
        """Run a script that must not write, as `eval` does; a replica can answer this. Since Redis 7.0.

        https://redis.io/docs/latest/commands/eval_ro/
        """
        return self.execute(Command[Any](("EVAL_RO", script, *keys_first(numkeys, keys_and_args))))

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: EncodableT) -> Any:
        """Run a script that the server keeps and return its result.

        A `NoScriptError` if it does not keep it: `script_load` hands it over, and so does `eval`.

        Args:
            sha: what `script_load` returned: the SHA-1 digest of the script, in hexadecimal digits.
            numkeys: how many keys follow.
            *keys_and_args: the keys, ``KEYS`` in the script; then the arguments, ``ARGV``.

        https://redis.io/docs/latest/commands/evalsha/
        """
        return self.execute(Command[Any](("EVALSHA", sha, *keys_first(numkeys, keys_and_args))))

    def evalsha_ro(self, sha: str, numkeys: int, *keys_and_args: EncodableT) -> Any:
        """Run a script that the server keeps and that must not write, as `evalsha` does. Since Redis 7.0.

        https://redis.io/docs/latest/commands/evalsha_ro/
        """
        return self.execute(Command[Any](("EVALSHA_RO", sha, *keys_first(numkeys, keys_and_args))))

    def script_exists(self, *args: str) -> list[bool]:
        """Return, for each of the digests, whether the server keeps that script.

        https://redis.io/docs/latest/commands/script-exists/
        """
        return self.execute(Command(("SCRIPT", "EXISTS", *required("args", args)), list_of(to_bool)))

    def script_flush(self, sync_type: Literal["SYNC", "ASYNC", "sync", "async"] | None = None) -> bool:
        """Let the server forget all scripts.

        Args:
            sync_type: ``"SYNC"``: free the memory now; ``"ASYNC"``: in the background; by default as
                ``lazyfree-lazy-user-flush`` says.

        https://redis.io/docs/latest/commands/script-flush/
        """
        mode: tuple[str, ...] = () if sync_type is None else (one_of("sync_type", sync_type, ("SYNC", "ASYNC")),)
        return self.execute(Command(("SCRIPT", "FLUSH", *mode), to_true))

    def script_kill(self) -> bool:
        """End the script that is running; whoever called it gets a `ResponseError`.

        A `NotBusyError` if none is running, a `ResponseError` if it has written already. The server listens to this only
        when the script has run for ``busy-reply-threshold`` milliseconds (before Redis 7.0 ``lua-time-limit``).

        https://redis.io/docs/latest/commands/script-kill/
        """
        return self.execute(Command(("SCRIPT", "KILL"), to_true))

    def script_load(self, script: str | bytes) -> str:
        """Let the server keep a script; return the digest by which `evalsha` runs it.

        https://redis.io/docs/latest/commands/script-load/
        """
        return self.execute(Command(("SCRIPT", "LOAD", script), text=True))

    def script_show(self, sha: str) -> AnyStr:
        """Return the text of a script that the server keeps, by its digest. Since Valkey 8.0, not in Redis.

        A `NoScriptError` if it does not keep it.

        https://valkey.io/commands/script-show/
        """
        return self.execute(Command(("SCRIPT", "SHOW", sha)))


def keys_first(numkeys: int, keys_and_args: tuple[EncodableT, ...]) -> tuple[EncodableT, ...]:
    """Return the number of keys, then the keys and what follows them.

    Raises:
        DataError: if there are fewer than that many.
    """
    if not isinstance(numkeys, int) or not 0 <= numkeys <= len(keys_and_args):
        raise DataError(f"numkeys must be a number from 0 to {len(keys_and_args)}, which follow, not {numkeys!r}")
    return (numkeys, *keys_and_args)
