"""Anchors: heads of the journal kept where whoever rewrites it cannot reach."""

import re
from collections.abc import Iterable

from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.journal import note
from netops.journal.model import Checkpoint
from netops.journal.note import SignedNote

# A head may stand anywhere in a line: in a syslog record, in a mail, in a report.
_HEAD = re.compile(r"(?<![0-9])(0|[1-9][0-9]{0,17}):([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an outside witness says: the first `size` entries have this root."""

    size: int
    root: bytes
    #: Set when the anchor is a signed note and not a printed head.
    signed: SignedNote | None = None
    origin: str | None = None


def parse_anchors(text: str) -> list[Anchor]:
    """
    Return the anchors in a text: one signed note, or every printed `size:root`.

    Raises UsageError when there is none.
    """
    text = text.replace("\r\n", "\n")
    if "\n\n— " in text:
        return [_parse_note(text)]
    found = _HEAD.findall(text)
    if not found:
        raise UsageError(
            "the anchor holds neither a signed note nor a head",
            hint="give a checkpoint.note file, or a line such as 1042:qVd…=",
        )
    return [Anchor(int(size), note.parse_root(root)) for size, root in found]


def parse_all(texts: Iterable[str]) -> list[Anchor]:
    """Return the anchors in all texts, smallest first."""
    return sorted((one for text in texts for one in parse_anchors(text)), key=lambda one: one.size)


def _parse_note(text: str) -> Anchor:
    try:
        signed = note.parse(text.lstrip().rstrip("\n") + "\n")
        head = note.parse_head(signed.text)
    except ValueError as error:
        raise UsageError(
            f"the anchor is not a signed checkpoint: {error}",
            hint="give the note file as netops wrote it",
        ) from None
    return Anchor(head.size, head.root, signed, head.origin)


def send_to_syslog(checkpoint: Checkpoint) -> None:
    """Send the head to the system log, which forwards it to a log server if told to."""
    import syslog

    syslog.openlog("netops", syslog.LOG_PID, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, f"journal head {checkpoint.origin} {checkpoint.head}")
