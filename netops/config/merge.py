"""netops.yaml and its conf.d files as one mapping that still knows who wrote what."""

from collections.abc import Sequence
from typing import Any

from netops.core.document import Document, Location, dotted

# Sections and what they hold merge; a job or a repository belongs to one file.
_MERGED_LEVELS = 2


class Merged:
    """Several documents as one; two files that say the same thing are a mistake."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.data: dict[str, Any] = {}
        self.mistakes: list[str] = []
        self._sources: dict[Location, tuple[Document, Location]] = {}
        if documents:
            self._sources[()] = (documents[0], ())
        for document in documents:
            self._merge(self.data, document.data, (), document)

    def where(self, path: Location) -> str:
        """Return `file:line` of `path`, or of its nearest ancestor that exists."""
        for length in range(len(path), -1, -1):
            if source := self._sources.get(path[:length]):
                document, start = source
                return document.where((*start, *path[length:]))
        return "netops.yaml:1"

    def _merge(
        self, into: dict[str, Any], data: dict[str, Any], path: Location, document: Document
    ) -> None:
        for key, value in data.items():
            place = (*path, key)
            mine = into.get(key)
            mergeable = len(path) < _MERGED_LEVELS
            if mine is None:
                into[key] = {} if mergeable and isinstance(value, dict) else value
                self._sources[place] = (document, place)
                if isinstance(into[key], list):
                    into[key] = []
                    self._extend(into[key], value, place, document)
                elif mergeable and isinstance(value, dict):
                    self._merge(into[key], value, place, document)
            elif mergeable and isinstance(mine, dict) and isinstance(value, dict):
                self._merge(mine, value, place, document)
            elif mergeable and isinstance(mine, list) and isinstance(value, list):
                self._extend(mine, value, place, document)
            elif value is not None:
                self._twice(place, document)

    def _extend(
        self, into: list[Any], items: list[Any], path: Location, document: Document
    ) -> None:
        for index, item in enumerate(items):
            self._sources[*path, len(into)] = (document, (*path, index))
            into.append(item)

    def _twice(self, path: Location, document: Document) -> None:
        first = self.where(path)
        self.mistakes.append(
            f"{document.where(path)}: {dotted(path)}: given twice, first in {first}"
        )
