"""The journal as the rest of netops sees it: append, list, sign."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from netops.core.clock import Clock, SystemClock
from netops.core.errors import AccessError, ConfigError, IntegrityError, NetopsError, UsageError
from netops.core.files import private_directory, write_atomic
from netops.journal import actor, body, database, listing
from netops.journal.model import SHORTEST_KEEP_DAYS, Checkpoint, Entry, Genesis, OpenRun
from netops.journal.note import check_origin
from netops.journal.tip import Draft, append, read_genesis, read_tip

if TYPE_CHECKING:
    from netops.journal.retention import Removal

_OWN_KINDS = frozenset({"run.begin", "run.end", "run.lost", "journal.key", "journal.retention"})


class Book:
    """
    An append-only journal in a directory of its own.

    Safe for several threads and several processes. Every append is one durable commit. A reader
    opened by `Book.read` needs neither the key nor write permission.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        origin: str,
        clock: Clock,
        keep_days: int,
        syslog: bool,
        read_only: bool,
    ) -> None:
        self.path = path
        self.origin = origin
        self.keep_days = keep_days
        self.clock = clock
        self._connection = connection
        self._syslog = syslog
        self._read_only = read_only
        self._lock = RLock()
        self._host = actor.host_name()
        self._actor = actor.actor()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        origin: str,
        clock: Clock | None = None,
        keep_days: int = 400,
        syslog: bool = False,
    ) -> Self:
        """
        Open the journal for appending; make directory and file on first use.

        A journal keeps the origin it was made with: `origin` names a new one only.
        """
        if keep_days < SHORTEST_KEEP_DAYS:
            raise ConfigError(
                f"the journal must be kept {SHORTEST_KEEP_DAYS} days or longer, not {keep_days}",
                hint="network logs have to be kept for six months at least",
            )
        path = _private(directory) / database.FILE_NAME
        if not path.exists():
            _refuse_replacement(path)
            database.create(path, check_origin(origin))
        connection = database.open_for_writing(path)
        return cls(
            connection,
            path,
            origin=_stored_origin(connection, path),
            clock=clock or SystemClock(),
            keep_days=keep_days,
            syslog=syslog,
            read_only=False,
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open a journal, given as directory or as file, for reading only; a copy will do."""
        file = path / database.FILE_NAME if path.is_dir() else path
        connection = database.open_for_reading(file)
        return cls(
            connection,
            file,
            origin=_stored_origin(connection, file),
            clock=SystemClock(),
            keep_days=SHORTEST_KEEP_DAYS,
            syslog=False,
            read_only=True,
        )

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def directory(self) -> Path:
        """Return where journal, key and note live."""
        return self.path.parent

    @property
    def size(self) -> int:
        """Return the number of the last entry, removed ones counted."""
        with self._reading() as connection:
            return read_tip(connection, self.path).size

    def append(
        self,
        kind: str,
        subject: str,
        *,
        ok: bool | None = None,
        run: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> Entry:
        """Write one entry, on disk when this returns."""
        if kind in _OWN_KINDS or not kind:
            raise UsageError(f"{kind!r} is a kind of entry that only netops itself writes")
        with self.writing() as connection:
            return self.write(connection, kind, subject, ok=ok, run=run, detail=detail or {})

    def begin(
        self, run_id: str, verb: str, targets: Sequence[str], detail: Mapping[str, object]
    ) -> Entry:
        """Write the intent of a run; it stays open until `end` or `close_lost`."""
        detail = {**detail, "targets": list(targets), "process": actor.process_mark()}
        with self.writing() as connection:
            if _begun(connection, run_id) is not None:
                raise UsageError(f"run {run_id} is open already")
            entry = self.write(connection, "run.begin", verb, run=run_id, detail=detail)
            connection.execute("INSERT INTO open_run VALUES (?, ?)", (_key(run_id), entry.seq))
            return entry

    def end(self, run_id: str, verb: str, *, status: int, detail: Mapping[str, object]) -> Entry:
        """Write the outcome of a run; `ok` is set for status 0 only."""
        with self.writing() as connection:
            connection.execute("DELETE FROM open_run WHERE run = ?", (_key(run_id),))
            detail = {**detail, "status": int(status)}
            return self.write(
                connection, "run.end", verb, ok=status == 0, run=run_id, detail=detail
            )

    def close_lost(self, run: OpenRun) -> Entry:
        """
        Write that a run ended without telling its outcome.

        Raises UsageError when somebody closed it in the meantime.
        """
        with self.writing() as connection:
            if _begun(connection, run.run) != run.seq:
                raise UsageError(f"run {run.run} is not open any more")
            connection.execute("DELETE FROM open_run WHERE run = ?", (_key(run.run),))
            detail = {"begun_seq": run.seq, "begun_at": run.at, "begun_on": run.host}
            return self.write(
                connection, "run.lost", run.verb, ok=False, run=run.run, detail=detail
            )

    def open_runs(self) -> list[OpenRun]:
        """Return the intents without an outcome, oldest first; `running` tells the living ones."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT seq, body, hash FROM open_run JOIN entry USING (seq) ORDER BY seq"
            ).fetchall()
        return [listing.open_run(body.decode(*row)) for row in rows]

    def checkpoint(self) -> Checkpoint:
        """Sign the journal as it stands, keep the note, and lay its copy beside the journal."""
        from netops.journal.signing import sign

        if self._read_only:
            raise self._refusal()
        checkpoint = sign(self)
        with self.writing():
            # Under the write lock, so that of two processes the longer journal's note remains.
            newest = self.head() or checkpoint
            self._write_note(newest.note)
        if self._syslog:
            from netops.journal.anchor import send_to_syslog

            send_to_syslog(newest)
        return newest

    def replace_lost_key(self) -> Checkpoint:
        """Start a new key that the lost one cannot vouch for; verify reports it until trusted."""
        from netops.journal.signing import start_key

        with self.writing() as connection:
            start_key(self, connection, vouched=False)
        return self.checkpoint()

    def remove_old(self, *, dry_run: bool = False) -> "Removal | None":
        """Remove whole months older than `keep_days`, in the open; see retention.py."""
        from netops.journal.retention import remove_old

        return remove_old(self, dry_run=dry_run)

    def head(self) -> Checkpoint | None:
        """Return the newest signed checkpoint."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
            ).fetchone()
        return listing.checkpoint(row[0]) if row else None

    def genesis(self) -> Genesis:
        """Return where the kept entries begin."""
        with self._reading() as connection:
            return read_genesis(connection, self.path)

    def entry(self, seq: int) -> Entry:
        """Return one entry; raise UsageError when there is none of that number."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT seq, body, hash FROM entry WHERE seq = ?", (seq,)
            ).fetchone()
        if row is None:
            raise UsageError(f"the journal has no entry {seq}")
        return body.decode(*row)

    def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        run: str | None = None,
        subject: str | None = None,
        after: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Entry]:
        """Yield entries in order of their numbers: `since` included, `until` and `after` not."""
        wanted = listing.Wanted(since, until, kind, run, subject, after)
        return listing.entries(self._reading, wanted, limit=limit, newest_first=newest_first)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for one durable transaction; for this package only."""
        if self._read_only:
            raise self._refusal()
        with self._lock, database.writing(self._connection, self.path):
            yield self._connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, database.translated(self.path):
            yield self._connection

    def write(
        self,
        connection: sqlite3.Connection,
        kind: str,
        subject: str,
        *,
        ok: bool | None = None,
        run: str | None = None,
        detail: Mapping[str, object],
    ) -> Entry:
        """Append within `writing`; for this package only."""
        now = self.clock.now()
        draft = Draft(now, self._host, self._actor, run, kind, subject, ok, dict(detail))
        return append(connection, self.path, draft)

    def _write_note(self, text: str) -> None:
        try:
            write_atomic(self.directory / database.NOTE_NAME, text, mode=0o644)
        except OSError as error:
            raise AccessError(
                f"cannot write {database.NOTE_NAME} in {self.directory}: {error.strerror}",
                hint="the checkpoint is in the journal; free some space or give write permission",
            ) from error

    def _refusal(self) -> AccessError:
        return AccessError(f"{self.path} is open for reading only")


def _private(directory: Path) -> Path:
    try:
        return private_directory(directory)
    except OSError as error:
        raise AccessError(
            f"cannot make the journal's directory {directory}: {error.strerror}",
            hint="make its parent writable for the user that runs netops",
        ) from error


def _refuse_replacement(path: Path) -> None:
    """Raise IntegrityError where traces show that the journal was there before."""
    traces = [path.with_name(database.NOTE_NAME), *path.parent.glob("signing-*.key")]
    found = next((trace for trace in traces if trace.exists()), None)
    # Another process may have made the journal, and its note, since the caller looked.
    if found is not None and not path.exists():
        raise IntegrityError(
            f"{path} is gone, but {found.name} beside it shows that there was a journal",
            hint="restore it from an offsite copy; to start anew, move the whole directory aside",
        )


def _stored_origin(connection: sqlite3.Connection, path: Path) -> str:
    """Return the journal's name; close the connection where it cannot be told."""
    try:
        with database.translated(path):
            row = connection.execute("SELECT origin FROM genesis").fetchone()
        if row is None or not isinstance(row[0], str):
            raise IntegrityError(
                f"{path} does not say whose journal it is",
                hint="run `netops journal verify`, keep the file as evidence",
            )
    except NetopsError:
        connection.close()
        raise
    return row[0]


def _key(run_id: str) -> bytes:
    return run_id.encode(errors="surrogatepass")


def _begun(connection: sqlite3.Connection, run_id: str) -> int | None:
    row = connection.execute("SELECT seq FROM open_run WHERE run = ?", (_key(run_id),)).fetchone()
    return row[0] if row else None
