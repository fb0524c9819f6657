"""How one kind of source becomes files to back up; tests/contracts checks every engine."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Traits:
    """What an engine can do, so that nobody asks for its name."""

    #: The backup reads a consistent copy, not the live files.
    consistent: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """What restic is to read for one source."""

    paths: Sequence[str]
    #: Where each staged path belongs when it is restored.
    origins: Mapping[str, str] = field(default_factory=dict)
    exclude: Sequence[str] = ()


class Engine(Protocol):
    """One kind of source."""

    traits: Traits

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take the source's options; raise ConfigError for wrong ones, touch nothing."""

    def problems(self) -> Sequence[str]:
        """Return why a backup cannot start; empty when it can."""

    def size_hint_bytes(self) -> int:
        """Return the bytes that staging will need on the netops disk; 0 for none."""

    def stage(self, directory: Path) -> AbstractContextManager[Staged]:
        """
        Make the source readable for the length of the block.

        `directory` is private to this source and the same at every run, so that an unchanged
        copy keeps its file times. Raises a NetopsError when a consistent copy cannot be made.
        """
