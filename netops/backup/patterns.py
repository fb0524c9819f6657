"""Which paths an exclude pattern leaves out, close enough to restic's rules to look at the same files."""

import re
from collections.abc import Sequence
from fnmatch import translate

from netops.core.dataclass import dataclass

_ANY_DEPTH = None
Part = re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Excludes:
    """
    The exclude patterns of a backup, asked for one level at a time on the way down.

    A pattern without a leading slash may start at any level; `*` stays within a name, `**` spans
    levels. Negated patterns (`!`) are not read: what they bring back is not looked at.
    """

    names: frozenset[str] = frozenset()
    anywhere: tuple[tuple[Part, ...], ...] = ()
    anchored: tuple[tuple[Part, ...], ...] = ()
    is_empty: bool = True

    @classmethod
    def of(cls, patterns: Sequence[str]) -> "Excludes":
        """Compile the patterns."""
        names, anywhere, anchored = set(), [], []
        for pattern in patterns:
            words = [word for word in pattern.split("/") if word not in {"", "."}]
            if not words or pattern.startswith("!"):
                continue
            if pattern.startswith("/"):
                anchored.append(tuple(map(_part, words)))
            elif len(words) == 1 and not set(words[0]) & set("*?[\\"):
                names.add(words[0])
            else:
                anywhere.append(tuple(map(_part, words)))
        return cls(
            frozenset(names), tuple(anywhere), tuple(anchored), not (names or anywhere or anchored)
        )

    def leave_out(self, path: str, name: str) -> bool:
        """Tell whether `path`, whose folders were all let through, is left out."""
        if self.is_empty:
            return False
        if name in self.names:
            return True
        if not self.anchored and all(len(parts) == 1 for parts in self.anywhere):
            return any(_fits(parts[0], name) for parts in self.anywhere)
        words = tuple(path.strip("/").split("/"))
        return any(_ends_with(words, parts) for parts in self.anywhere) or any(
            _equals(words, parts) for parts in self.anchored
        )


def _part(word: str) -> Part:
    return _ANY_DEPTH if word == "**" else re.compile(translate(word.replace("[^", "[!")))


def _fits(part: Part, word: str) -> bool:
    return part is _ANY_DEPTH or part.match(word) is not None


def _ends_with(words: tuple[str, ...], parts: tuple[Part, ...]) -> bool:
    return any(_equals(words[start:], parts) for start in range(len(words)))


def _equals(words: tuple[str, ...], parts: tuple[Part, ...]) -> bool:
    if not parts:
        return not words
    if parts[0] is _ANY_DEPTH:
        return any(_equals(words[skip:], parts[1:]) for skip in range(len(words) + 1))
    return bool(words) and _fits(parts[0], words[0]) and _equals(words[1:], parts[1:])
