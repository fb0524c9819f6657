"""What netops may ask of the place a repository lives in; tests/contracts checks every kind."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from netops.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Traits:
    """What a place can do, so that nobody asks for its name."""

    #: A snapshot's presence can be proven without opening the repository.
    cheap_listing: bool
    #: Free space is known.
    measures_space: bool
    #: Its files can be read and taken out one by one, without restic.
    opens_files: bool


class Target(Protocol):
    """One kind of place for repositories."""

    traits: Traits

    def __init__(self, location: str) -> None:
        """Take the location as written in netops.yaml; touch nothing."""

    def reach(self, timeout_s: float) -> None:
        """Raise UnreachableError unless the place answers within `timeout_s`."""

    def find(self, snapshot_id: str) -> str | None:
        """
        Return the full id of a snapshot that is stored whole, or None.

        Only asked of targets with `cheap_listing`; `snapshot_id` may be the first 8 digits. A
        file that is there but damaged raises IntegrityError.
        """

    def has_locks(self) -> bool:
        """Tell whether locks of restic are there; False where looking is not cheap."""

    def sweep(self) -> int:
        """Remove what killed processes left half written; return its bytes, 0 where unknown."""

    def broken_packs(self, ids: Sequence[str] | None, check: Callable[[], None]) -> list[str]:
        """
        Return the packs (of `ids`, or of all) that are there and do not fit their name.

        Only asked of targets with `opens_files`. `check` is called now and then and may raise.
        """

    def take_out(self, kind: str, object_id: str, directory: Path) -> Path | None:
        """
        Move one file (`pack`, `index`, `snapshot` or `lock`) into `directory`; None when it is gone.

        Only asked of targets with `opens_files`. `object_id` may be the first digits.
        """

    def put_back(self, kind: str, taken: Path) -> None:
        """Undo `take_out`; only asked of targets with `opens_files`."""

    def free_bytes(self) -> int | None:
        """Return the bytes still free, None when unknown."""


def split(location: str) -> tuple[str, str]:
    """Return the kind of place and the rest of a location; a path is `local`."""
    scheme, separator, rest = location.partition(":")
    if location.startswith("/") or not separator:
        return "local", location
    return scheme, rest
