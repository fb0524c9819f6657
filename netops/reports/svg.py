"""What every drawing needs: text that is harmless in XML, and how much room it takes."""

from functools import lru_cache
from html import escape as _escape

from netops.core.i18n import display_width
from netops.reports.words import visible

#: Widths in em of a wide common sans-serif; a guess that is too small lets labels overlap.
_NARROW = frozenset("ijlI.,:;'|!()[]{}ftr-/\\ ·`")
_BROAD = frozenset("mwMW@%&—…")


class Drawing(str):
    """An SVG made here, which a template may take as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markup, as markupsafe asks for it."""
        return str(self)


def escape(text: str) -> str:
    """Return text for XML: markup disarmed, controls and hidden characters shown by their code."""
    return _escape(visible(text))


@lru_cache(maxsize=8192)
def text_width(text: str, size: float) -> float:
    """Return about how wide the text is, in the units of `size`."""
    return sum(map(_em, text)) * size


def _em(character: str) -> float:
    if not character.isascii():
        return (0.62, 1.04)[display_width(character) > 1 or ord(character) > 0x2000]
    if character in _NARROW:
        return 0.38
    if character in _BROAD:
        return 0.95
    return 0.7 if character.isupper() else 0.6


@lru_cache(maxsize=8192)
def shortened(text: str, room: float, size: float) -> str:
    """
    Return the text, or as much of its begin and end as fits with `…` between.

    Names of devices differ at their end, so that is kept.
    """
    text = visible(text)
    if text_width(text, size) <= room:
        return text
    characters = text[:200] if len(text) <= 200 else text[:100] + text[-100:]
    budget = room / size - _em("…")
    tail = _fitting(characters[::-1], budget * 0.45)[::-1]
    used = sum(map(_em, tail))
    return f"{_fitting(characters[: len(characters) - len(tail)], budget - used)}…{tail}"


def _fitting(characters: str, budget: float) -> str:
    for place, character in enumerate(characters):
        budget -= _em(character)
        if budget < 0:
            return characters[:place]
    return characters
