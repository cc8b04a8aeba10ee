"""The commands on functions, which belong to scripting: https://redis.io/docs/latest/commands/?group=scripting"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypedDict, overload

from syncredis.command import Command
from syncredis.commands.arguments import flags, one_of
from syncredis.commands.group import CommandGroup
from syncredis.commands.scripting import keys_first
from syncredis.replies import list_of, to_dict, to_fields, to_str, to_true
from syncredis.typing import AnyStr, EncodableT, Reply


class LibraryFunction(TypedDict):
    """A function of a library."""

    name: str
    description: str | None
    flags: list[str]
    """What it may do, e.g. ``"no-writes"``."""


class FunctionLibrary(TypedDict):
    """A library that the server keeps."""

    library_name: str
    engine: str
    """``"LUA"``, or another engine that a module brought."""
    functions: list[LibraryFunction]


class FunctionLibraryWithCode(FunctionLibrary, Generic[AnyStr]):
    """A library that the server keeps, and its text."""

    library_code: AnyStr


class RunningFunction(TypedDict):
    """The function that is running."""

    name: str
    command: list[str]
    """The words of the call; what is not UTF-8 is replaced."""
    duration_ms: int
    """For how long it has been running, in milliseconds."""


class EngineStats(TypedDict):
    """How much an engine has loaded."""

    libraries_count: int
    functions_count: int


class FunctionStats(TypedDict):
    """What the server tells about its functions."""

    running_script: RunningFunction | None
    engines: dict[str, EngineStats]
    """By their names, e.g. ``"LUA"``."""


class FunctionCommands(CommandGroup[AnyStr]):
    """Commands that run functions in the server, and on the libraries of functions that it keeps. Since Redis 7.0."""

    __slots__ = ()

    def fcall(self, function: str, numkeys: int, *keys_and_args: EncodableT) -> Any:
        """Run a function and return its result, see `ScriptingCommands`. Since Redis 7.0.

        Args:
            function: its name.
            numkeys: how many keys follow.
            *keys_and_args: the keys, the function's first parameter; then the arguments, its second.

        https://redis.io/docs/latest/commands/fcall/
        """
        return self.execute(Command[Any](("FCALL", function, *keys_first(numkeys, keys_and_args))))

    def fcall_ro(self, function: str, numkeys: int, *keys_and_args: EncodableT) -> Any:
        """Run a function with the flag ``no-writes``, as `fcall` does; a replica can answer this. Since Redis 7.0.

        https://redis.io/docs/latest/commands/fcall_ro/
        """
        return self.execute(Command[Any](("FCALL_RO", function, *keys_first(numkeys, keys_and_args))))

    def function_delete(self, library: str) -> bool:
        """Delete a library and its functions. A `ResponseError` if there is none. Since Redis 7.0.

        https://redis.io/docs/latest/commands/function-delete/
        """
        return self.execute(Command(("FUNCTION", "DELETE", library), to_true))

    def function_dump(self) -> bytes:
        """Return all libraries in a form that `function_restore` takes. Since Redis 7.0.

        https://redis.io/docs/latest/commands/function-dump/
        """
        return self.execute(Command(("FUNCTION", "DUMP"), text=False))

    def function_flush(self, mode: Literal["SYNC", "ASYNC", "sync", "async"] = "SYNC") -> bool:
        """Delete all libraries. Since Redis 7.0.

        Args:
            mode: ``"SYNC"``: free the memory now; ``"ASYNC"``: in the background.

        https://redis.io/docs/latest/commands/function-flush/
        """
        return self.execute(Command(("FUNCTION", "FLUSH", one_of("mode", mode, ("SYNC", "ASYNC"))), to_true))

    def function_kill(self) -> bool:
        """End the function that is running; whoever called it gets a `ResponseError`. Since Redis 7.0.

        A `NotBusyError` if none is running, a `ResponseError` if it has written already. The server listens to this only
        when the function has run for ``busy-reply-threshold`` milliseconds.

        https://redis.io/docs/latest/commands/function-kill/
        """
        return self.execute(Command(("FUNCTION", "KILL"), to_true))

    @overload
    def function_list(self, library: str = "*", withcode: Literal[False] = False) -> list[FunctionLibrary]: ...

    @overload
    def function_list(
        self, library: str = "*", *, withcode: Literal[True]
    ) -> list[FunctionLibraryWithCode[AnyStr]]: ...

    @overload
    def function_list(
        self, library: str = "*", withcode: bool = False
    ) -> list[FunctionLibrary] | list[FunctionLibraryWithCode[AnyStr]]: ...

    def function_list(
        self, library: str = "*", withcode: bool = False
    ) -> list[FunctionLibrary] | list[FunctionLibraryWithCode[AnyStr]]:
        """Return the libraries that the server keeps, and their functions. Since Redis 7.0.

        Args:
            library: those whose names match this pattern.
            withcode: their texts, too.

        https://redis.io/docs/latest/commands/function-list/
        """
        words: tuple[EncodableT, ...] = ("FUNCTION", "LIST", "LIBRARYNAME", library)
        if withcode:
            with_code = Command[list[FunctionLibraryWithCode[AnyStr]]]((*words, "WITHCODE"), list_of(_to_library))
            return self.execute(with_code)
        return self.execute(Command[list[FunctionLibrary]](words, list_of(_to_library)))

    def function_load(self, code: str | bytes, replace: bool = False) -> str:
        """Load a library and return its name. A `ResponseError` if one of its functions exists already. Since Redis 7.0.

        Args:
            code: its text; the first line is e.g. ``#!lua name=mylibrary``.
            replace: in place of the one of the same name, if there is one.

        https://redis.io/docs/latest/commands/function-load/
        """
        return self.execute(Command(("FUNCTION", "LOAD", *flags(REPLACE=replace), code), text=True))

    def function_restore(
        self,
        payload: bytes | bytearray | memoryview,
        policy: Literal["APPEND", "FLUSH", "REPLACE", "append", "flush", "replace"] | None = "APPEND",
    ) -> bool:
        """Load the libraries that `function_dump` returned. Since Redis 7.0.

        Args:
            payload: what `function_dump` returned.
            policy: ``"APPEND"``: a `ResponseError`, and nothing loaded, if one of them exists; ``"FLUSH"``: delete all
                others first; ``"REPLACE"``: in place of those of the same names.

        https://redis.io/docs/latest/commands/function-restore/
        """
        how: tuple[EncodableT, ...] = (
            () if policy is None else (one_of("policy", policy, ("APPEND", "FLUSH", "REPLACE")),)
        )
        return self.execute(Command(("FUNCTION", "RESTORE", payload, *how), to_true))

    def function_stats(self) -> FunctionStats:
        """Return which function is running, and how many there are. Since Redis 7.0.

        The server answers this while a function is running, too, from ``busy-reply-threshold`` milliseconds on.

        https://redis.io/docs/latest/commands/function-stats/
        """
        return self.execute(Command(("FUNCTION", "STATS"), _to_stats, text=False))


def _to_library(reply: Reply) -> dict[str, Any]:
    library: dict[str, Any] = to_fields(reply)
    library["library_name"] = to_str(library["library_name"])
    library["engine"] = to_str(library["engine"])
    library["functions"] = [_to_function(to_fields(function)) for function in library["functions"]]
    return library


def _to_function(reply: dict[str, Any]) -> LibraryFunction:
    description = reply["description"]
    return LibraryFunction(
        name=to_str(reply["name"]),
        description=None if description is None else to_str(description),
        flags=[to_str(flag) for flag in reply["flags"]],
    )


def _to_stats(reply: Reply) -> FunctionStats:
    stats = to_fields(reply)
    running = stats["running_script"]
    return FunctionStats(
        running_script=None if running is None else _to_running(to_fields(running)),
        engines={to_str(name): _to_engine(to_fields(counts)) for name, counts in to_dict(stats["engines"]).items()},
    )


def _to_running(reply: dict[str, Any]) -> RunningFunction:
    return RunningFunction(
        name=to_str(reply["name"]),
        command=[to_str(word) for word in reply["command"]],
        duration_ms=reply["duration_ms"],
    )


def _to_engine(reply: dict[str, Any]) -> EngineStats:
    return EngineStats(libraries_count=reply["libraries_count"], functions_count=reply["functions_count"])
