"""Plug-ins by name through entry points; nothing is imported before it is asked for."""

from importlib import import_module
from typing import Generic, TypeVar, cast

from netops.core.errors import ConfigError

T = TypeVar("T")


class Registry(Generic[T]):
    """All plug-ins of one kind, such as `netops.backup_engines`."""

    def __init__(self, group: str, built_in: dict[str, str]) -> None:
        """
        Know `built_in` by heart, name to `module:Class`.

        Scanning entry points costs three interpreter starts, so it happens only for names that
        are not built in. A test proves that the built-ins are declared as entry points too.
        """
        self.group = group
        self.built_in = built_in

    def names(self) -> list[str]:
        """Return every name a configuration may use."""
        return sorted({*self.built_in, *self._declared()})

    def get(self, name: str) -> type[T]:
        """Import and return the plug-in class called `name`; raise ConfigError when unknown."""
        found = self.built_in.get(name) or self._declared().get(name)
        if found is None:
            kind = self.group.removeprefix("netops.").replace("_", " ")
            raise ConfigError(
                f"{name!r} is none of the known {kind}", hint=f"known: {', '.join(self.names())}"
            )
        module, _, attribute = found.partition(":")
        return cast("type[T]", getattr(import_module(module), attribute))

    def _declared(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {entry.name: entry.value for entry in entry_points(group=self.group)}
