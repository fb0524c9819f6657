"""The register of bindings: which address, port and name belong to a MAC, learnt or by hand."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from netops.core.clock import utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status
from netops.store.database import Database
from netops.topology import clean
from netops.topology.rules import Binding

_COLUMNS = ("mac", "address", "device", "port", "name", "note")
_LONGEST_FILE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Bindings:
    """The register in the store."""

    database: Database

    def all(self) -> dict[str, Binding]:
        """Return every binding by MAC."""
        return {
            row["mac"]: Binding(
                row["mac"],
                row["address"],
                row["device"],
                row["port"],
                row["name"],
                row["source"],
                row["account"],
                row["note"],
            )
            for row in self.database.execute("bindings")
        }

    def keep(self, bindings: Iterable[Binding], at: datetime, account: str) -> int:
        """Write bindings, in place of those with the same MAC; return how many."""
        count = 0
        with self.database.transaction():
            for one in bindings:
                count += 1
                self.database.execute(
                    "keep_binding",
                    mac=one.mac,
                    address=one.address,
                    device=one.device,
                    port=one.port,
                    name=one.name,
                    source=one.source,
                    at=utc_text(at),
                    account=account,
                    note=one.note,
                )
        return count

    def remove(self, mac: str) -> bool:
        """Remove a binding; False when there is none."""
        return bool(self.database.execute("remove_binding", mac=mac))


def binding(
    mac: str, address: str = "", device: str = "", port: str = "", name: str = "", note: str = ""
) -> Binding:
    """Return a binding by hand; raise UsageError for what is no MAC or no address."""
    own = clean.mac(mac.strip())
    if not own:
        raise UsageError(f"{mac!r} is no MAC address", hint="such as 00:1b:21:3c:4d:5e")
    where = clean.address(address)
    if address.strip() and not where:
        raise UsageError(f"{address!r} is no address of a host", hint="such as 10.1.2.3")
    texts = [clean.text(value) for value in (device, port, name, note)]
    return Binding(own, where, texts[0], texts[1], texts[2], note=texts[3])


def read_file(path: Path) -> list[Binding]:
    """
    Return the bindings of a CSV file with the columns mac, address, device, port, name, note.

    Raises UsageError with every line that is wrong.
    """
    try:
        if path.stat().st_size > _LONGEST_FILE_BYTES:
            raise UsageError(f"{path} is too large for a register of bindings")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="save it as CSV in UTF-8") from None
    found, mistakes = list[Binding](), list[str]()
    for number, row in _rows(path, text):
        try:
            found.append(binding(**row))
        except UsageError as error:
            mistakes.append(f"line {number}: {error}")
    if mistakes:
        raise UsageError("; ".join(mistakes[:20]), hint="correct the file; nothing was imported")
    return found


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(text.splitlines())
    heads = [(head or "").strip().casefold() for head in reader.fieldnames or ()]
    if "mac" not in heads:
        raise UsageError(
            f"{path} has no column `mac`", hint=f"the first line names: {', '.join(_COLUMNS)}"
        )
    reader.fieldnames = heads
    try:
        for row in reader:
            yield reader.line_num, {key: row.get(key) or "" for key in _COLUMNS}
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from None


@dataclass(frozen=True, slots=True)
class BindingRun:
    """The work of `topology binding add|remove|import` on one MAC; call it from a run."""

    register: Bindings
    remove: bool = False

    def __call__(self, subject: Binding, context: Context) -> Result:
        """Write or remove a binding under the caller's name."""
        from netops.journal.actor import actor

        who = actor()
        facts = {key: value for key in _COLUMNS if (value := getattr(subject, key))}
        if self.remove:
            if subject.mac not in self.register.all():
                raise UsageError(
                    f"{subject.mac} is not in the register",
                    hint="see `netops topology binding list`",
                )
            if not context.dry_run:
                self.register.remove(subject.mac)
            return Result(subject.mac, Status.OK, _would("removed", context), facts)
        if not context.dry_run:
            self.register.keep([subject], context.clock.now(), who)
        bound = " ".join(
            filter(None, (subject.address, subject.device, subject.port, subject.name))
        )
        return Result(
            subject.mac, Status.OK, f"{_would('bound', context)} to {bound or 'here'}", facts
        )


def _would(done: str, context: Context) -> str:
    return f"would be {done}" if context.dry_run else done
