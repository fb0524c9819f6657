"""Signing a checkpoint, with a fresh key in every month."""

import sqlite3
from typing import TYPE_CHECKING

from netops.core.clock import utc_text
from netops.core.errors import AccessError, IntegrityError
from netops.journal import keys, listing, note
from netops.journal.model import Checkpoint
from netops.journal.note import Head
from netops.journal.tip import read_tip

if TYPE_CHECKING:
    from netops.journal.book import Book


def sign(book: "Book") -> Checkpoint:
    """Return a checkpoint over all entries; a journal that did not grow keeps the one it has."""
    month = utc_text(book.clock.now())[:7]
    with book.writing() as connection:
        # Not "later than": a clock that once stood in a far year must not end the ratchet.
        if _current(connection)[1] != month:
            start_key(book, connection, vouched=True)
    with book.writing() as connection:
        return _sign_tip(book, connection)


def _sign_tip(book: "Book", connection: sqlite3.Connection) -> Checkpoint:
    tip = read_tip(connection, book.path)
    head = book.head()
    secret = _load_current(book, connection)
    # The handover is durable by now, so no crash can leave the journal without a key.
    keys.destroy_other_secrets(book.directory, secret)
    if head is not None and head.size == tip.size:
        return head
    text = Head(book.origin, tip.size, tip.root).text()
    signed = note.compose(text, [secret.sign(text)])
    day = utc_text(book.clock.now())[:10]
    # A newer checkpoint covers all that an older one does; one a day keeps verify fast.
    connection.execute("DELETE FROM checkpoint WHERE day = ?", (day,))
    connection.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", (tip.size, day, signed))
    return listing.checkpoint(signed)


def start_key(book: "Book", connection: sqlite3.Connection, *, vouched: bool) -> None:
    """Make a new key and journal its handover; `vouched` has the key before sign it."""
    tip = read_tip(connection, book.path)
    old = _load_current(book, connection) if vouched and _current(connection)[0] else None
    new = keys.make_secret(book.origin)
    text = keys.compose_handover(Head(book.origin, tip.size, tip.root), new, old)
    try:
        keys.save_secret(book.directory, new)
    except OSError as error:
        raise AccessError(
            f"cannot write a signing key in {book.directory}: {error.strerror}",
            hint="free some space, or make the directory writable for the user that runs netops",
        ) from error
    detail = {"note": text, "before": old.identity if old else None}
    book.write(connection, "journal.key", new.identity, ok=True, detail=detail)
    month = utc_text(book.clock.now())[:7]
    connection.execute("INSERT INTO signing_key VALUES (?, ?, ?)", (tip.size, month, text))


def _current(connection: sqlite3.Connection) -> tuple[str, str]:
    """Return handover note and month of the key in use, or two empty texts."""
    row = connection.execute(
        "SELECT note, month FROM signing_key ORDER BY size DESC LIMIT 1"
    ).fetchone()
    return (str(row[0]), str(row[1])) if row else ("", "")


def _load_current(book: "Book", connection: sqlite3.Connection) -> keys.Secret:
    try:
        public = keys.parse_handover(_current(connection)[0]).public
    except ValueError as error:
        raise IntegrityError(
            f"the keychain in {book.path} is damaged: {error}", hint="run `netops journal verify`"
        ) from None
    return keys.load_secret(book.directory, book.origin, public)
