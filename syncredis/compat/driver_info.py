"""`DriverInfo`: what CLIENT LIST shows as the library, and what is built on it."""

from __future__ import annotations

import re
from typing import Any, Final

from syncredis.version import VERSION

#: Stands for "not given", where None means something.
UNSET: Final[Any] = object()

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_FORBIDDEN: Final = re.compile(r"[^!-~]|[()\[\]{};]")


class DriverInfo:
    """A library and what is built on it, innermost last.

    Args:
        name: of the library; None: none is shown.
        lib_version: its version; None: none is shown.
    """

    def __init__(self, name: str | None = UNSET, lib_version: str | None = UNSET) -> None:
        self.name = "redis-py" if name is UNSET else name
        self.lib_version = VERSION if lib_version is UNSET else lib_version
        self._upstream: list[str] = []

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, DriverInfo) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.lib_version, *self._upstream))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, lib_version={self.lib_version!r})"

    @property
    def upstream_drivers(self) -> list[str]:
        """What is built on it, the last added first."""
        return list(self._upstream)

    def add_upstream_driver(self, driver_name: str, driver_version: str) -> DriverInfo:
        """Add something that is built on it; return this object.

        Raises:
            ValueError: for what can not be shown.
        """
        if driver_name is None or driver_version is None:
            raise ValueError("Driver name and version must not be None")
        if not _NAME.fullmatch(driver_name):
            raise ValueError(f"Upstream driver name must be like a package's, not {driver_name!r}")
        if _FORBIDDEN.search(driver_version):
            raise ValueError("Driver version must not contain spaces, newlines, non-printable characters, or braces")
        self._upstream.insert(0, f"{driver_name}_v{driver_version}")
        return self

    @property
    def formatted_name(self) -> str | None:
        """The name as it is shown: ``name(driver1_v1;driver2_v2)``."""
        if not isinstance(self.name, str) or not self.name:
            return None
        return f"{self.name}({';'.join(self._upstream)})" if self._upstream else self.name


def resolve_driver_info(
    driver_info: DriverInfo | None = UNSET, lib_name: str | None = UNSET, lib_version: str | None = UNSET
) -> DriverInfo | None:
    """Return what is shown, from the three options that say so; None: nothing."""
    if driver_info is UNSET:
        return None if lib_name is None and lib_version is None else DriverInfo(lib_name, lib_version)
    if driver_info is None or isinstance(driver_info, DriverInfo):
        return driver_info
    raise TypeError("driver_info must be a DriverInfo instance or None")
