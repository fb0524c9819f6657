"""Reading entries page by page, so that a slow reader never holds the journal."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError
from netops.journal import actor, body, note
from netops.journal.model import Checkpoint, Entry, OpenRun

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries a reader asks for."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    run: str | None = None
    subject: str | None = None
    #: Number of the last entry that is not wanted any more.
    after: int | None = None

    def conditions(self) -> tuple[list[str], list[object]]:
        """Return SQL that lets all wanted entries through, and some others."""
        sql: list[str] = []
        values: list[object] = []
        for field in ("kind", "run", "subject"):
            if (value := getattr(self, field)) is not None:
                sql.append("instr(body, ?) > 0")
                values.append(body.needle(field, value))
        for moment, condition in ((self.since, f"{body.AT} >= ?"), (self.until, f"{body.AT} < ?")):
            if moment is not None:
                sql.append(condition)
                values.append(body.moment_bytes(moment))
        if self.after is not None:
            sql.append("seq > ?")
            values.append(self.after)
        return sql, values

    def takes(self, entry: Entry) -> bool:
        """Tell whether the entry is wanted, without any doubt."""
        return (
            self.kind in {None, entry.kind}
            and self.run in {None, entry.run}
            and self.subject in {None, entry.subject}
        )


def entries(
    reading: Callable[[], AbstractContextManager[sqlite3.Connection]],
    wanted: Wanted,
    *,
    limit: int | None,
    newest_first: bool,
) -> Iterator[Entry]:
    """Yield the wanted entries, at most `limit`."""
    left = limit
    last: int | None = None
    while left is None or left > 0:
        with reading() as connection:
            rows = connection.execute(*_page(wanted, last, newest_first)).fetchall()
        for seq, data, digest in rows:
            last = seq
            entry = body.decode(seq, data, digest)
            if wanted.takes(entry) and (left is None or left > 0):
                yield entry
                left = None if left is None else left - 1
        if len(rows) < _PAGE:
            return


def _page(wanted: Wanted, last: int | None, newest_first: bool) -> tuple[str, list[object]]:
    sql, values = wanted.conditions()
    if last is not None:
        sql.append("seq < ?" if newest_first else "seq > ?")
        values.append(last)
    where = f" WHERE {' AND '.join(sql)}" if sql else ""
    order = "DESC" if newest_first else "ASC"
    # Only fixed text goes into the statement; what the reader asks for is bound.
    return f"SELECT seq, body, hash FROM entry{where} ORDER BY seq {order} LIMIT {_PAGE}", values  # noqa: S608


def open_run(entry: Entry) -> OpenRun:
    """Return the open run that a `run.begin` entry tells of."""
    targets = entry.detail.get("targets")
    names = tuple(map(str, targets)) if isinstance(targets, list) else ()
    count = entry.detail.get("targets_in_all")
    return OpenRun(
        run=entry.run or "",
        seq=entry.seq,
        at=entry.at,
        verb=entry.subject,
        targets=names,
        count=count if isinstance(count, int) else len(names),
        host=entry.host,
        running=actor.is_alive(entry.detail.get("process"), entry.host),
    )


def checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint in a signed note, signature unchecked."""
    from base64 import b64encode

    try:
        head = note.parse_head(note.parse(str(text)).text)
    except ValueError as error:
        raise IntegrityError(
            f"a checkpoint in the journal is not readable: {error}",
            hint="run `netops journal verify`",
        ) from None
    return Checkpoint(head.origin, head.size, b64encode(head.root).decode(), text)
