"""netops journal: list, show, add, verify, prove, check-proof, export, retain."""

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from netops.app import Site
from netops.cli.options import DryRun, Json
from netops.cli.runs import open_site
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text, utc_text
from netops.core.errors import NetopsError, UsageError
from netops.journal.book import Book
from netops.journal.model import Entry, Verification

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Since = Annotated[datetime | None, typer.Option(help="Not before this local time.")]
Until = Annotated[datetime | None, typer.Option(help="Before this local time.")]
Kind = Annotated[str | None, typer.Option(help="Only this kind, such as run.end or note.")]
Run = Annotated[str | None, typer.Option(help="Only entries of this run.")]
Subject = Annotated[str | None, typer.Option(help="Only this subject, such as backup run.")]


def _book(context: typer.Context) -> Book:
    """Open the site's journal for reading."""
    return Book.read(open_site(context).journal_directory)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.astimezone() if moment else None


@app.command("list")
def list_(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    kind: Kind = None,
    run: Run = None,
    subject: Subject = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 30,
    as_json: Json = False,
) -> None:
    """List entries, the newest first."""
    with _book(context) as book:
        found = book.entries(
            since=_aware(since),
            until=_aware(until),
            kind=kind,
            run=run,
            subject=subject,
            limit=limit,
            newest_first=True,
        )
        _print_entries(found, as_json=as_json)


@app.command()
def show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, metavar="SEQ")],
    *,
    as_json: Json = False,
) -> None:
    """Show one entry whole."""
    with _book(context) as book:
        entry = book.entry(number)
    plain = _plain(entry)
    if as_json:
        print_json(plain)
        return
    detail = plain.pop("detail")
    for name, value in plain.items():
        sys.stdout.write(f"{name:<8}{one_line(value)}\n")
    sys.stdout.write(json.dumps(detail, ensure_ascii=True, indent=2) + "\n")


@app.command()
def add(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What was done or seen.")],
    *,
    kind: Annotated[str, typer.Option(help="A word for what kind of entry it is.")] = "note",
    subject: Annotated[str, typer.Option(help="What it is about: a device, a room, a job.")] = "",
    as_json: Json = False,
) -> None:
    """Write an entry by hand; it is chained and signed like every other."""
    site = open_site(context)
    try:
        entry = site.journal.append(kind, subject or text[:80], ok=True, detail={"text": text})
        head = site.journal.checkpoint().head
    finally:
        site.close()
    if as_json:
        print_json({**_plain(entry), "journal_head": head})
    else:
        sys.stdout.write(f"OK: entry {entry.seq}, journal head {head}\n")


@app.command()
def verify(
    context: typer.Context,
    *,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|HEAD",
            help="A checkpoint kept outside: a note file or a printed `size:root`; repeatable.",
        ),
    ] = None,
    offsite: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REPOSITORY",
            help="Take the newest note out of this repository as an anchor; repeatable.",
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="PUBLIC_KEY", help="A public key known from outside; repeatable."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A journal elsewhere: its directory or journal.db.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove that no entry was changed, removed, inserted or moved; exit code 2 when one was."""
    from netops.journal.verify import verify as examine

    site = None if file else open_site(context)
    anchors = [_anchor_text(text) for text in anchor or []]
    if offsite:
        anchors += _offsite_notes(site or open_site(context), offsite)
    path = file or (site or open_site(context)).journal_directory
    verdict = examine(path, anchors=anchors, trusted_keys=key or [])
    _print_verdict(verdict, as_json=as_json)
    raise typer.Exit(int(verdict.status))


def _anchor_text(text: str) -> str:
    path = Path(text)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else text
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the anchor {text} cannot be read: {error}") from None


def _offsite_notes(site: Site, names: list[str]) -> list[str]:
    from netops.backup.anchors import newest_note
    from netops.backup.plan import chosen_repositories

    try:
        room = site.backups
        return [newest_note(room, place) for place in chosen_repositories(room.plan, names)]
    finally:
        site.close()


def _print_verdict(verdict: Verification, *, as_json: bool) -> None:
    if as_json:
        plain = {
            "status": verdict.status.name,
            "entries": verdict.entries,
            "verified_to": verdict.verified_to,
            "anchored_to": verdict.anchored_to,
            "checkpoints": verdict.checkpoints,
            "findings": [{"seq": f.seq, "problem": f.problem} for f in verdict.findings],
            "remarks": list(verdict.remarks),
        }
        print_json(plain)
        return
    for finding in verdict.findings:
        where = f"entry {finding.seq}: " if finding.seq else ""
        sys.stdout.write(f"CRITICAL: {where}{one_line(finding.problem)}\n")
    for remark in verdict.remarks:
        sys.stdout.write(f"note: {one_line(remark)}\n")
    sys.stdout.write(
        f"{verdict.status.name}: {verdict.entries} entries, verified to {verdict.verified_to}, "
        f"anchored to {verdict.anchored_to}, {verdict.checkpoints} checkpoints\n"
    )


@app.command()
def prove(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, metavar="SEQ")],
    *,
    head: Annotated[
        str | None,
        typer.Option(metavar="FILE|HEAD", help="Prove against this note or printed head."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the proof to this file.")
    ] = None,
) -> None:
    """Write a proof of one entry that an auditor can check without the rest of the journal."""
    from netops.core.files import write_atomic
    from netops.journal.proof import prove as proof_of

    site = open_site(context)
    text = proof_of(
        site.journal_directory, number, head=_anchor_text(head) if head else None
    ).text()
    if output is None:
        sys.stdout.write(text)
    else:
        write_atomic(output, text, mode=0o644)
        sys.stdout.write(f"OK: entry {number} is proven by {output}\n")


@app.command("check-proof")
def check_proof(
    file: Annotated[Path, typer.Argument(help="A proof from `prove`.")],
    *,
    head: Annotated[
        str | None, typer.Option(metavar="FILE|HEAD", help="A note or printed head you trust.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="PUBLIC_KEY", help="A public key you trust.")
    ] = None,
) -> None:
    """Check a proof without the journal, and print the entry it proves."""
    from netops.journal import proof

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    entry = proof.check_proof(text, head=_anchor_text(head) if head else None, public_key=key)
    print_json(_plain(entry))


@app.command()
def export(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    kind: Kind = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV for a spreadsheet.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
) -> None:
    """Export entries as JSON lines, or as CSV, oldest first."""
    from netops.journal.export import csv_lines, json_lines

    with _book(context) as book:
        found = book.entries(since=_aware(since), until=_aware(until), kind=kind)
        lines = csv_lines(found) if csv else json_lines(found)
        if output is None:
            sys.stdout.writelines(lines)
            return
        try:
            with output.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise NetopsError(f"cannot write {output}: {error.strerror}") from error
    sys.stdout.write(f"OK: {output}\n")


@app.command()
def retain(context: typer.Context, *, dry_run: DryRun = False) -> None:
    """Remove whole months older than journal.keep_days, in the open: the removal is on record."""
    site = open_site(context)
    try:
        removal = site.journal.remove_old(dry_run=dry_run)
        if removal is not None and not dry_run:
            site.journal.checkpoint()
    finally:
        site.close()
    if removal is None:
        sys.stdout.write("OK: nothing is old enough to be removed\n")
        return
    word = "would remove" if dry_run else "removed"
    sys.stdout.write(f"OK: {word} {removal}\n")


@app.command()
def head(context: typer.Context) -> None:
    """Print the newest signed head, to be kept outside: on paper, in a mail, in another system."""
    with _book(context) as book:
        found = book.head()
    if found is None:
        raise NetopsError("the journal has no checkpoint yet", hint="the next netops run signs one")
    sys.stdout.write(found.note)
    sys.stdout.write(f"head {found.head}\n")


def _print_entries(entries: Iterable[Entry], *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    rows = [
        (
            *(entry.seq, local_text(entry.at), entry.actor, entry.kind, entry.subject),
            "-" if entry.ok is None else "ok" if entry.ok else "FAILED",
            entry.run,
            _gist(entry),
        )
        for entry in entries
    ]
    heads = ("SEQ", "AT", "WHO", "KIND", "SUBJECT", "OUTCOME", "RUN", "DETAIL")
    print_table(heads, rows, right=("SEQ",))


def _gist(entry: Entry) -> str:
    """Return the few words of the detail that fit a line."""
    detail = entry.detail
    results = detail.get("results")
    if isinstance(results, list):
        return "; ".join(
            f"{r.get('target')}: {r.get('summary')}" for r in results if isinstance(r, dict)
        )[:120]
    targets = detail.get("targets")
    if isinstance(targets, list):
        count = detail.get("targets_in_all")
        shown = f"{count} targets: " if count else ""
        return (shown + ", ".join(map(str, targets)))[:120]
    return str(detail.get("text", ""))[:120]


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "at": utc_text(entry.at),
        "host": entry.host,
        "actor": entry.actor,
        "run": entry.run,
        "kind": entry.kind,
        "subject": entry.subject,
        "ok": entry.ok,
        "hash": entry.hash,
        "detail": dict(entry.detail),
    }
