"""Tags of snapshots are read with suspicion, and links that are missing are worked out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.catalogue import Catalogue
from netops.backup.model import BackupPlan, Job, Kind
from netops.backup.rebuild import RebuildRun, Tagged, read_tags
from netops.backup.records import Backup, BackupDirectories
from netops.backup.restic.simple import Snapshot
from netops.backup.room import BackupRoom, tags_of
from netops.core.clock import SystemClock
from netops.core.ids import new_id
from netops.store.database import open_database

JOB = Job("docs", (), "main", owner="A, B & 100%", data_class="internal")
TIME = "2026-11-23T03:00:00.123456789+08:00"


def snapshot(*tags: str, time: str = TIME) -> Snapshot:
    return Snapshot("ab" * 32, time, ("/srv/docs",), ("netops", *tags), "host", None)


def tagged(**facts: str) -> Snapshot:
    own = {"run": new_id(), "type": "full", "seq": "1", **facts}
    return snapshot(*tags_of(JOB, own)[1:])


def test_what_the_run_writes_is_read_back() -> None:
    run, base = new_id(), new_id()

    found = read_tags(tagged(run=run, type="log", seq="17", base=base, parent=base))

    assert isinstance(found, Tagged)
    assert (found.backup_id, found.identity) == (run, ("docs", Kind.LOG, 17))
    assert (found.base_id, found.parent_id) == (base, base)
    assert found.taken_at.isoformat() == "2026-11-22T19:00:00.123456+00:00"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"run": "../../etc/passwd"}, "names no backup"),
        ({"run": "01m84nkbvh7vn5pz5w12ee1dnx"}, "names no backup"),
        ({"type": "FULL"}, "no kind"),
        ({"seq": "0"}, "no number"),
        ({"seq": "-3"}, "no number"),
        ({"seq": "99999999999"}, "no number"),
        ({"seq": "١٢"}, "no number"),
    ],
)
def test_tags_that_netops_never_writes_are_refused(facts: dict[str, str], said: str) -> None:
    found = read_tags(tagged(**facts))

    assert isinstance(found, str)
    assert said in found


@pytest.mark.parametrize("time", ["", "yesterday", "0001-01-01T00:00:00Z", "2026-11-23T03:00:00"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    good = tagged()

    assert read_tags(snapshot(*good.tags, time=time)) == "its time is no time"


_PARTS = st.sampled_from(["run", "job", "type", "seq", "base", "parent", "owner"])
_VALUES = st.sampled_from(["1", "full", "docs", "01M84NKBVH7VN5PZ5W12EE1DNX"]) | st.text()


@given(st.lists(st.tuples(_PARTS, _VALUES)), st.just(TIME) | st.text())
def test_no_tag_and_no_time_is_a_crash(parts: list[tuple[str, str]], time: str) -> None:
    found = read_tags(snapshot(*(f"netops-{name}={value}" for name, value in parts), time=time))

    assert isinstance(found, Tagged | str)


def test_a_log_of_an_older_netops_gets_the_backup_before_it_as_parent(tmp_path: Path) -> None:
    """Older tags name the full only; without its parent a log would lose its chain."""
    database = open_database(path=tmp_path / "netops.db")
    database.execute("start_run", id="RUN", verb="v", started_at=TIME, detail=None)
    room = BackupRoom(
        BackupPlan({}, {"docs": JOB}),
        Catalogue(database),
        BackupDirectories(tmp_path, tmp_path, tmp_path, tmp_path),
        tmp_path,
        "host",
    )
    run = RebuildRun(room)
    ids = [new_id() for _ in range(5)]
    kinds = [Kind.FULL, Kind.LOG, Kind.LOG, Kind.DIFFERENTIAL, Kind.LOG]
    now = SystemClock().now()
    for seq, (key, kind) in enumerate(zip(ids, kinds, strict=True), start=1):
        base = {} if kind is Kind.FULL else {"base": ids[0]}
        found = read_tags(tagged(run=key, type=kind.value, seq=str(seq), **base))
        assert isinstance(found, Tagged)
        made = Backup(key, "RUN", seq, "docs", "main", kind, None, None, now, now, 0, "ab" * 32)
        room.catalogue.enter(made)
        run.known[key] = found
        run.loose.add(key)

    run.link()

    links = [(b.base_id, b.parent_id) for key in ids if (b := room.catalogue.backup(key))]
    database.close()
    full = ids[0]
    assert links == [(None, None), (full, full), (full, ids[1]), (full, full), (full, ids[3])]
    assert not run.loose
