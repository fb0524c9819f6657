"""How one kind of source becomes files to back up; tests/contracts checks every engine."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from netops.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Traits:
    """What an engine can do, so that nobody asks for its name."""

    #: The backup reads a consistent copy, not the live files.
    consistent: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """What restic is to read for one source."""

    paths: Sequence[str]
    exclude: Sequence[str] = ()
    #: What could not be brought here; the rest is backed up, and the backup is a warning.
    problems: Sequence[str] = ()


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

        A copy goes to `staged_path(directory, origin)`; `directory` is the same at every run, so
        an unchanged copy keeps its file times. Raises a NetopsError when a consistent copy cannot
        be made.
        """


# File names may hold line breaks: the dot takes them too, and the end is the very end.
_STAGED = re.compile(r"/staging/[^/]+/[a-z0-9_-]+\.copy(/.+)\Z", re.DOTALL)


def staging_directory(staging: Path, job: str, engine: str) -> Path:
    """Return where an engine puts the copies of one job."""
    return staging / job / f"{engine}.copy"


def staged_path(directory: Path, origin: Path) -> Path:
    """Return where the copy of `origin` lies, so that its name alone tells where it belongs."""
    return directory / str(origin).lstrip("/")


def origin_of(path: str) -> str:
    """Return where a path of a snapshot belongs on the machine; a plain path belongs to itself."""
    match = _STAGED.search(path)
    return match[1] if match else path
