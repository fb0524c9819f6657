"""What netops may ask of the place a repository lives in; tests/contracts checks every kind."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Traits:
    """What a place can do, so that nobody asks for its name."""

    #: A snapshot's presence can be proven without opening the repository.
    cheap_listing: bool
    #: Free space is known.
    measures_space: bool


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

    def free_bytes(self) -> int | None:
        """Return the bytes still free, None when unknown."""


def split(location: str) -> tuple[str, str]:
    """Return the kind of place and the rest of a location; a path is `local`."""
    scheme, separator, rest = location.partition(":")
    if location.startswith("/") or not separator:
        return "local", location
    return scheme, rest
