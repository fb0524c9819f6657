"""A value read from files, read again when they change."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Reloaded(Generic[T]):
    """
    Holds what `load` makes of `paths`; a folder stands for the YAML files in it.

    Not for use by several threads at once.
    """

    def __init__(self, load: Callable[[], T], paths: Sequence[Path]) -> None:
        self._load = load
        self._paths = tuple(paths)
        self._seen: frozenset[tuple[object, ...]] | None = None
        self._value: T | None = None
        self._error: Exception | None = None

    def current(self) -> T:
        """Return the value; raise what `load` raised, until the files change for the better."""
        seen = frozenset(self._fingerprints())
        if seen != self._seen:
            self._seen = seen
            self._error = None
            try:
                self._value = self._load()
            except Exception as error:  # told to whoever asks, each time
                self._error = error
        if self._error is not None:
            raise self._error.with_traceback(None)
        return self._value  # type: ignore[return-value]  # set whenever there is no error

    def _fingerprints(self) -> Iterator[tuple[object, ...]]:
        for path in self._paths:
            files = [path, *path.glob("*.y*ml")] if path.is_dir() else [path]
            for file in files:
                try:
                    state = file.stat()
                except OSError:
                    yield (file, None)
                else:
                    yield (file, state.st_mtime_ns, state.st_size, state.st_ino)
