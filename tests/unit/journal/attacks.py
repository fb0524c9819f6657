"""What somebody with write access to the machine can do to a journal, on the real file."""

import re
import sqlite3
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from netops.journal import keys, merkle, note
from netops.journal.database import GUARDS
from netops.journal.note import Head


class Attacker:
    """Root on the machine: may change every file, and puts the guards back afterwards."""

    def __init__(self, directory: Path, *, rebuild_guards: bool = True) -> None:
        self.directory = directory
        self.connection = sqlite3.connect(directory / "journal.db")
        self._rebuild = rebuild_guards

    def __enter__(self) -> Self:
        for name in GUARDS:
            self.connection.execute(f"DROP TRIGGER {name}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._rebuild:
            for statement in GUARDS.values():
                self.connection.execute(statement)
        self.connection.commit()
        self.connection.close()

    def run(self, sql: str, *values: object) -> None:
        self.connection.execute(sql, values)

    def bodies(self) -> list[bytes]:
        rows = self.connection.execute("SELECT body FROM entry ORDER BY seq")
        return [body for (body,) in rows]

    def note(self, size: int) -> str:
        sql = "SELECT note FROM checkpoint WHERE size = ?"
        return str(self.connection.execute(sql, (size,)).fetchone()[0])

    def sizes(self) -> list[int]:
        rows = self.connection.execute("SELECT size FROM checkpoint ORDER BY size")
        return [size for (size,) in rows]

    def rewrite(self, bodies: list[bytes]) -> None:
        """Write this history instead, numbered and chained as if it had always been so."""
        self.run("DELETE FROM entry")
        digest = bytes(32)
        nodes: tuple[bytes, ...] = ()
        for size, body in enumerate(bodies):
            data = re.sub(rb'^\{"seq":\d+', b'{"seq":%d' % (size + 1), body)
            digest = sha256(digest + data).digest()
            nodes = merkle.push(nodes, size, merkle.leaf_hash(data))
            self.run("INSERT INTO entry VALUES (?, ?, ?)", size + 1, data, digest)
        values = (len(bodies), digest, merkle.pack(nodes))
        self.run("UPDATE tip SET size = ?, hash = ?, nodes = ?", *values)

    def root(self, size: int) -> bytes:
        nodes: tuple[bytes, ...] = ()
        for number, body in enumerate(self.bodies()[:size]):
            nodes = merkle.push(nodes, number, merkle.leaf_hash(body))
        return merkle.root(nodes)

    def forget_after(self, size: int) -> None:
        """Drop every signed statement about more than `size` entries, in and beside the file."""
        self.run("DELETE FROM checkpoint WHERE size > ?", size)
        self.run("DELETE FROM signing_key WHERE size > ?", size)
        (self.directory / "checkpoint.note").write_text(self.note(max(self.sizes())))

    def sign_again(self, origin: str, *, above: int) -> None:
        """Sign the checkpoints above a size anew, with the key that lies on the disk."""
        (path,) = keys.secret_paths(self.directory)
        name = self.connection.execute("SELECT note FROM signing_key ORDER BY size DESC").fetchone()
        secret = keys.load_secret(self.directory, origin, keys.parse_handover(name[0]).public)
        assert path.name == keys.secret_path(self.directory, secret.identity).name
        text = ""
        for size in (one for one in self.sizes() if one > above):
            lines = Head(origin, size, self.root(size)).text()
            text = note.compose(lines, [secret.sign(lines)])
            self.run("UPDATE checkpoint SET note = ? WHERE size = ?", text, size)
        (self.directory / "checkpoint.note").write_text(text)
