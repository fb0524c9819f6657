"""`inventory reconcile`: the ledger held against what devices say of themselves."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from netops.core.clock import utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import NetopsError, UnreachableError
from netops.core.results import Result
from netops.core.run import Context, Work
from netops.core.status import Status
from netops.inventory.assets import Asset
from netops.inventory.compare import Finding, World, of_asset, of_device, software_of, unplaced
from netops.inventory.identity import Identity, read_identity
from netops.inventory.ledger import Ledger
from netops.inventory.model import Device
from netops.inventory.survey import Answer, Survey
from netops.snmp.memory import SnmpMemory
from netops.snmp.model import Talk, Target


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be compared."""

    #: Those to work on, and whether that is everything there is.
    devices: Sequence[Device]
    everything: bool
    #: Every device of the inventory by name.
    inventory: Mapping[str, Device]
    #: Device → how it is asked, or why it cannot be.
    targets: Mapping[str, Target | NetopsError]
    warranty_days: int = 90


class Reconciliation:
    """One comparison: who is asked, what is found, and what is kept of it."""

    def __init__(
        self,
        ledger: Ledger,
        question: Question,
        engine: str = "own",
        memory: SnmpMemory | None = None,
    ) -> None:
        self.ledger = ledger
        self.question = question
        self.memory = memory
        self.survey = Survey([self._talks], engine, memory)
        self._learned = False

    def work(self) -> list[Work[Device | Asset]]:
        """Return the targets: devices, and without a selector the assets that are none."""
        found: list[Work[Device | Asset]] = [Work(one.name, one) for one in self.question.devices]
        if self.question.everything:
            loose = unplaced(self.world.assets, self.question.inventory)
            found += [Work(f"asset {one.number}", one) for one in loose]
        return found

    def act(self, subject: Device | Asset, run: Context) -> Result:
        """Compare one target and keep what was found."""
        answers = self.survey.answers(run.cancel)
        self._learn(answers)
        if isinstance(subject, Asset):
            return self._finished(run, of_asset(subject, self.world), None, "on paper")
        identity, why = self._said(subject, answers)
        asked = identity is not None or why is not None
        found = of_device(subject, identity, why, self.world)
        how = (
            "answered" if identity else "no answer" if asked else "on paper; it has no SNMP access"
        )
        return self._finished(run, found, identity, how)

    def forget_others(self, targets: Iterable[str]) -> None:
        """Drop findings about what is no longer there."""
        kept = set(targets)
        known = {str(row["target"]) for row in self.ledger.database.execute("ledger_findings")}
        for target in sorted(known - kept):
            self.ledger.database.execute("forget_ledger_findings", target=target)

    @cached_property
    def world(self) -> World:
        """What is known beside the device at hand."""
        rows = self.ledger.database.execute("sightings")
        software = {
            str(row["device"]): str(row["software"])
            for row in reversed(rows)
            if row["part"] == "chassis" and row["software"]
        }
        today = self.ledger.clock.now().astimezone().date()
        return World(today, self.question.warranty_days, self.ledger.assets(), software=software)

    def _talks(self, _: Mapping[str, Answer]) -> Iterable[Talk]:
        for name, target in self.question.targets.items():
            if isinstance(target, Target):
                habits = self.memory.habits(target, anew=True) if self.memory else None
                yield Talk(target, read_identity(target.version, habits=habits), name)

    def _learn(self, answers: Mapping[str, Answer]) -> None:
        """Note once who answered with which serial number."""
        if self._learned:
            return
        self._learned = True
        for name, (identity, _) in sorted(answers.items()):
            for serial in sorted(identity.serials) if identity else ():
                self.world.seen.setdefault(serial, []).append(name)

    def _said(
        self, device: Device, answers: Mapping[str, Answer]
    ) -> tuple[Identity | None, str | None]:
        target = self.question.targets.get(device.name)
        if target is None:
            return None, None
        if isinstance(target, NetopsError):
            return None, f"cannot be asked: {target}"
        identity, error = answers.get(device.name, (None, None))
        if identity is None:
            said = "does not answer" if isinstance(error, UnreachableError) else "cannot be read"
            return None, f"{device.name} {said}: {error or 'nothing came'}"
        return identity, None

    def _finished(
        self, run: Context, found: Sequence[Finding], identity: Identity | None, how: str
    ) -> Result:
        if not run.dry_run:
            self._keep(run, found, identity)
        status = Status.worst([Status.OK, *(finding.status for finding in found)])
        text = "; ".join(finding.text for finding in found) or f"agrees ({how})"
        facts: dict[str, Any] = {"how": how, "findings": [one.as_dict() for one in found]}
        if identity is not None:
            facts["serials"] = [part.serial for part in identity.parts]
            facts["models"] = sorted({part.model for part in identity.chassis if part.model})
            facts["software"] = software_of(identity)
        return Result(run.target, status, text, facts)

    def _keep(self, run: Context, found: Sequence[Finding], identity: Identity | None) -> None:
        database, at = self.ledger.database, utc_text(self.ledger.clock.now())
        with database.transaction():
            database.execute("forget_ledger_findings", target=run.target)
            for position, one in enumerate(found):
                database.execute(
                    "add_ledger_finding",
                    target=run.target,
                    position=position,
                    kind=one.kind,
                    status=one.status,
                    text=one.text,
                    at=at,
                    run_id=run.run_id,
                )
            if identity is None:
                return
            database.execute("forget_sightings", device=run.target)
            target = self.question.targets.get(run.target)
            for part in identity.parts:
                database.execute(
                    "add_sighting",
                    device=run.target,
                    serial=part.serial,
                    part=part.part,
                    maker=part.maker,
                    model=part.model,
                    software=part.software,
                    name=part.name,
                    address=target.host if isinstance(target, Target) else "",
                    at=at,
                    run_id=run.run_id,
                )
