"""Moments, sizes and the fixed words of the trade, as one language writes them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from unicodedata import category

from netops.core import i18n
from netops.core.i18n import mark, mark_plural
from netops.core.status import Status
from netops.core.units import size_text

LOCALE = Path(__file__).parent / "locale"

#: Values of the catalogue and of netops.yaml, as people call them.
_WORDS: Mapping[str, str] = {
    "full": mark("Full backup"),
    "differential": mark("Differential backup"),
    "log": mark("Log backup"),
    "primary": mark("Primary"),
    "offsite": mark("Offsite"),
    "machine-room": mark("Machine room"),
    "data-centre": mark("Data centre"),
    "office": mark("Office"),
    "archive": mark("Archive room"),
    "safe": mark("Safe"),
    "cloud": mark("Cloud storage"),
    "other": mark("Other place"),
    "list": mark("Listing"),
    "structure": mark("Structure"),
    "data": mark("Data read back"),
    "location": mark("Repository"),
    "backup": mark("Backup"),
    "medium": mark("Medium"),
    "offered": mark("Offered, not yet confirmed"),
    "confirmed": mark("Confirmed"),
    "refused": mark("Refused"),
    "withdrawn": mark("Withdrawn"),
    "in_use": mark("In use"),
    "in_store": mark("In store"),
    "in_repair": mark("In repair"),
    "on_loan": mark("On loan"),
    "lost": mark("Lost"),
    "retired": mark("Retired"),
    "switch": mark("Switch"),
    "router": mark("Router"),
    "firewall": mark("Firewall"),
    "wireless": mark("Wireless"),
    "server": mark("Server"),
    "storage": mark("Storage"),
    "ups": mark("UPS"),
    "pc": mark("PC"),
    "printer": mark("Printer"),
    "sensor": mark("Sensor"),
    "OK": mark("OK"),
    "WARNING": mark("Warning"),
    "CRITICAL": mark("Critical"),
    "UNKNOWN": mark("Unknown"),
}
#: Controls, half characters and code points without meaning; Cf holds the invisible ones.
_INVISIBLE = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}


class Words:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.tag = i18n.html_tag(language)
        self.catalogue = i18n.translations(LOCALE, language)

    def text(self, msgid: str, /, **values: object) -> str:
        """Return the message, its `%(name)s` filled in."""
        translated = self.catalogue.gettext(msgid)
        return translated % values if values else translated

    def plural(self, one: str, many: str, number: int) -> str:
        """Return `3 files`: the message that fits the number, its `%(num)s` filled in."""
        return self.catalogue.ngettext(one, many, number) % {"num": f"{number:,}"}

    def word(self, value: str) -> str:
        """Return what people call a fixed value; one that is not fixed stays as it is."""
        msgid = _WORDS.get(value)
        return self.catalogue.gettext(msgid) if msgid else value

    def status(self, value: int | None) -> str:
        """Return the name of a status; None has no outcome."""
        if value is None:
            return self.text(mark("No outcome"))
        return self.word(Status(value).name if value in {0, 1, 2, 3} else Status.UNKNOWN.name)

    def length(self, seconds: float | None) -> str:
        """Return a duration in at most two units."""
        if seconds is None:
            return "—"
        hours, minutes = divmod(round(seconds / 60), 60)
        days, hours = divmod(hours, 24)
        if not days and not hours and minutes < 2:
            return self.plural("%(num)s second", "%(num)s seconds", round(seconds))
        parts = [
            (days, mark_plural("%(num)s day", "%(num)s days")),
            (hours, mark_plural("%(num)s hour", "%(num)s hours")),
            (minutes, mark_plural("%(num)s minute", "%(num)s minutes")),
        ]
        first = next(place for place, part in enumerate(parts) if part[0])
        shown = [part for part in parts[first : first + 2] if part[0]]
        return " ".join(self.plural(*forms, number) for number, forms in shown)

    def listed(self, items: list[str]) -> str:
        """Return items as an enumeration."""
        return self.text(mark(", ")).join(items)


def moment(value: datetime | None) -> str:
    """Return a moment in local time, `—` for none; the order of ISO 8601 is read everywhere."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else "—"


def zone(at: datetime) -> str:
    """Return the local time's distance from UTC at a moment, such as `UTC+08:00`."""
    text = at.astimezone().strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def size(value: float | None) -> str:
    """Return bytes as people read them."""
    return "—" if value is None else size_text(value)


def visible(text: str) -> str:
    """Return text in which nothing is invisible or turns the direction of what follows."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(ascii(c)[1:-1] if category(c) in _INVISIBLE else c for c in text)
