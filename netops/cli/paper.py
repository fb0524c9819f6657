"""What the commands that make documents share: form, language, and where the document goes."""

import hashlib
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from netops.app import Site
from netops.core.errors import AccessError, UsageError
from netops.core.units import parse_duration

Language = Annotated[
    str | None,
    typer.Option(metavar="en|zh_Hant|zh_Hans", help="Language (default: site.language or LANG)."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write to this file, and journal it."),
]


def form_of(named: str | None, out: Path | None, known: tuple[str, ...]) -> str:
    """Return the form as named, as the file's name ends, or the first of `known`."""
    ending = out.suffix.lstrip(".").lower().replace("htm", "html")[:4] if out else ""
    form = named or (ending if ending in known else known[0])
    if form not in known:
        raise typer.BadParameter(" or ".join(known), param_hint="--format")
    return form


def language_of(site: Site, named: str | None) -> str:
    """Return the language as named, as configured, or as the environment says."""
    from netops.core.i18n import choose_language

    return choose_language(named, site.data["site"].get("language"))


def moment_of(text: str, now: datetime) -> datetime:
    """Return the begin of a period: a duration back from now, or a date."""
    try:
        begin = now - timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        try:
            begin = datetime.fromisoformat(text).astimezone()
        except (ValueError, OverflowError):
            raise UsageError(
                f"--since {text!r} is neither a duration nor a date",
                hint="write 7d, 12w, 2026-11-01 or '2026-11-01 08:00'",
            ) from None
    if begin >= now:
        raise UsageError(f"--since {text!r} lies in the future")
    return begin


def deliver(site: Site, text: str, out: Path | None, kind: str, detail: dict[str, Any]) -> None:
    """Print the text, or write it and put the file's digest on record as evidence."""
    if out is None:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        return
    from netops.core.files import write_atomic

    content = text.encode("utf-8", "backslashreplace")
    try:
        write_atomic(out.absolute(), content, mode=0o640)
    except OSError as error:
        raise AccessError(
            f"cannot write {out}: {error.strerror}", hint="name a file in a directory that exists"
        ) from error
    facts = {**detail, "file": out.name, "sha256": hashlib.sha256(content).hexdigest()}
    entry = site.journal.append(kind, out.name, ok=True, detail=facts)
    head = site.journal.checkpoint().head
    sys.stdout.write(f"OK: {out} written, journal entry {entry.seq}, journal head {head}\n")
