"""What every database must do, on SQLite and on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing import get_context

import pytest

from netops.core.errors import NetopsError
from netops.core.status import Status
from netops.store.database import Database
from netops.store.queries import find_query, query_names
from tests.contracts import store_backends
from tests.contracts.store_backends import (
    AT,
    Backend,
    finish_backup,
    place,
    start_backup,
    start_run,
)

server = store_backends.server
backend = store_backends.backend
database = store_backends.database

EARLIER = "2026-01-01T00:00:00.000Z"
WRITERS = 4
ROUNDS = 12
STATUS_QUERIES = [
    "latest_placements",
    "latest_attempts",
    "latest_backups",
    "last_good_per_kind",
    "last_verifications",
]


def runs(database: Database) -> list[str]:
    return [row["id"] for row in database.execute("unfinished_runs")]


def test_runs_are_unfinished_until_they_finish(database: Database) -> None:
    start_run(database, "A", "2026-11-23T15:00:00.000Z")
    start_run(database, "B", "2026-11-23T14:00:00.000Z")
    assert runs(database) == ["B", "A"]

    done = {"finished_at": AT, "status": Status.WARNING}
    assert database.execute("finish_run", id="A", detail='{"jobs":1}', **done) == [{"id": "A"}]
    assert database.execute("finish_run", id="nobody", detail=None, **done) == []
    assert runs(database) == ["B"]


def test_what_went_in_comes_out_again_with_its_type(database: Database) -> None:
    start_run(database)
    full = start_backup(database, owner="資訊室", sources='["/srv"]')
    log = start_backup(database, kind="log", base_id=full, parent_id=full)
    finish_backup(database, log, message=None, status=Status.WARNING)

    row = database.execute("backup_by_id", id=log)[0]

    assert (row["base_id"], row["parent_id"], row["seq"]) == (full, full, 2)
    assert row["bytes_processed"] == 4_000_000_000_000
    assert type(row["bytes_processed"]) is int
    assert type(row["duration_s"]) is float
    assert (row["status"], row["message"], row["data_class"]) == (1, "", "")
    assert [r["owner"] for r in database.execute("unfinished_backups")] == ["資訊室"]


def test_backups_come_newest_first_and_by_job(database: Database) -> None:
    start_run(database)
    keys = [start_backup(database, job) for job in ("web", "mail", "web", "web")]

    def found(job: str | None, limit: int | None) -> list[str]:
        return [row["id"] for row in database.execute("backups", job=job, limit=limit)]

    assert found(None, None) == keys[::-1]
    assert found(None, 2) == [keys[3], keys[2]]
    assert found("web", None) == [keys[3], keys[2], keys[0]]
    assert found("web", 1) == [keys[3]]
    assert found("nobody", 5) == []


def test_the_sequence_steps_over_imported_numbers(database: Database) -> None:
    start_run(database)
    start_backup(database, seq=41)

    numbers = [database.execute("next_backup_seq")[0]["seq"] for _ in range(2)]

    assert numbers == [42, 43]


def test_last_good_backup_was_listed_again_in_its_primary_place(database: Database) -> None:
    start_run(database)
    good = start_backup(database)
    place(database, good, status=1)
    log = start_backup(database, kind="log")
    place(database, log)
    for changes in ({"listed_at": None}, {"status": 2}, {"status": None}, {"role": "offsite"}):
        place(database, start_backup(database), **changes)
    elsewhere = start_backup(database, repository="other")
    place(database, elsewhere)

    def last(query: str, repository: str = "main", job: str = "web") -> list[str]:
        return [row["id"] for row in database.execute(query, job=job, repository=repository)]

    assert last("last_good_full") == [good]
    assert last("last_good_backup") == [log]
    assert last("last_good_full", "other") == last("last_good_backup", "other") == [elsewhere]
    assert last("last_good_full", "third") == last("last_good_backup", job="mail") == []


def test_a_placement_is_replaced_not_doubled(database: Database) -> None:
    start_run(database)
    key = start_backup(database)
    place(database, key, "nas", role="offsite", status=None, listed_at=None)
    place(database, key, "nas", role="offsite", status=2, listed_at=None, message="gone")
    place(database, key)

    rows = database.execute("placements_of", backup_id=key)

    assert [(r["location"], r["status"], r["message"]) for r in rows] == [
        ("main", 0, ""),
        ("nas", 2, "gone"),
    ]
    with pytest.raises(NetopsError):
        place(database, "no-such-backup")


def test_status_sees_the_newest_good_and_the_newest_attempt_of_every_place(
    database: Database,
) -> None:
    start_run(database)
    first, second, third = (start_backup(database, "web", kind) for kind in ("full", "log", "log"))
    mail = start_backup(database, "mail")
    place(database, first, listed_at=EARLIER)
    place(database, second)
    place(database, first, "nas", role="offsite")
    place(database, second, "nas", role="offsite", status=2, message="no answer")
    place(database, third, status=None, listed_at=None)
    place(database, mail, "attic", status=2)
    lost = start_backup(database, "shop")

    good = database.execute("latest_placements")
    tried = database.execute("latest_attempts")
    kinds = database.execute("last_good_per_kind")
    newest = database.execute("latest_backups")

    assert [(r["job"], r["location"], r["backup_id"], r["kind"]) for r in good] == [
        ("web", "main", second, "log"),
        ("web", "nas", first, "full"),
    ]
    assert good[0]["first_listed_at"] == EARLIER < good[0]["listed_at"]
    assert good[1]["first_listed_at"] == good[1]["listed_at"]
    assert [(r["job"], r["location"], r["backup_id"], r["status"]) for r in tried] == [
        ("mail", "attic", mail, 2),
        ("web", "main", third, None),
        ("web", "nas", second, 2),
    ]
    assert tried[2]["message"] == "no answer"
    assert [(r["job"], r["kind"], r["backup_id"]) for r in kinds] == [
        ("web", "full", first),
        ("web", "log", second),
    ]
    assert [(r["job"], r["id"]) for r in newest] == [
        ("mail", mail),
        ("shop", lost),
        ("web", third),
    ]


def test_status_of_an_empty_catalogue_is_empty(database: Database) -> None:
    assert [database.execute(name) for name in STATUS_QUERIES] == [[]] * len(STATUS_QUERIES)


def test_last_verification_of_every_place_and_kind(database: Database) -> None:
    start_run(database)
    times = {"A": ("main", "list", "01"), "B": ("main", "list", "03"), "C": ("main", "list", "02")}
    times |= {"D": ("main", "data", "01"), "E": ("nas", "list", "01")}
    for key, (location, kind, day) in times.items():
        at = f"2026-11-{day}T00:00:00.000Z"
        database.execute(
            "add_verification",
            id=key,
            run_id="RUN",
            location=location,
            kind=kind,
            at=at,
            status=0,
            message=None,
        )

    assert [row["id"] for row in database.execute("last_verifications")] == ["D", "B", "E"]


def test_restores_are_found_by_job(database: Database) -> None:
    start_run(database)
    shared = {"run_id": "RUN", "backup_id": None, "location": "main", "snapshot_id": "5f"}
    shared |= {"target": "/tmp/x", "message": None}
    counts = {"status": 0, "files": 1, "bytes": 2, "duration_s": 0.5}
    for key, job in (("A", "web"), ("B", "mail"), ("C", "web")):
        database.execute("add_restore", id=key, job=job, at=f"2026-{key}", **shared, **counts)

    def found(job: str | None, limit: int | None) -> list[str]:
        return [row["id"] for row in database.execute("restores", job=job, limit=limit)]

    assert found(None, None) == ["C", "B", "A"]
    assert found("web", 1) == ["C"]


def test_a_backup_of_no_run_or_of_an_unknown_kind_is_refused(database: Database) -> None:
    with pytest.raises(NetopsError):
        start_backup(database)
    start_run(database)
    with pytest.raises(NetopsError):
        start_backup(database, kind="incremental")
    with pytest.raises(NetopsError):
        start_backup(database, base_id="no-such-full")

    assert database.execute("backups", job=None, limit=None) == []


def test_a_transaction_is_all_or_none(database: Database) -> None:
    def write_and_fail() -> None:
        with database.transaction():
            start_run(database, "A")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert runs(database) == []

    with database.transaction():
        start_run(database, "B")
        start_run(database, "C")
    assert runs(database) == ["B", "C"]


def test_a_transaction_inside_another_can_fail_alone(database: Database) -> None:
    def write_twice() -> None:
        with database.transaction():
            start_run(database, "B")
            start_run(database, "A")

    with database.transaction():
        start_run(database, "A")
        with pytest.raises(NetopsError):
            write_twice()
        with database.transaction():
            start_run(database, "C")

    assert runs(database) == ["A", "C"]


def test_a_failed_statement_undoes_its_transaction_even_when_nobody_minds(
    database: Database,
) -> None:
    def write_twice() -> None:
        with database.transaction():
            start_run(database, "A")
            with suppress(NetopsError):
                start_run(database, "A")

    with pytest.raises(NetopsError, match="earlier statement"):
        write_twice()

    assert runs(database) == []
    start_run(database, "B")
    assert runs(database) == ["B"]


def test_a_script_is_all_or_none(database: Database) -> None:
    with pytest.raises(NetopsError):
        database.script("CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('1;2'); SELECT nonsense;")
    database.script("-- one; comment\nCREATE TABLE a (x TEXT); INSERT INTO a VALUES ('1;2')")


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE run; --",
        '"',
        "\\",
        "%s %(id)s %",
        ":id ::text",
        "😀 漢字 \u202e",
        "\x01\n\r\t",
    ],
)
def test_hostile_text_is_only_text(database: Database, text: str) -> None:
    start_run(database, text)

    assert runs(database) == [text]


def test_very_long_text_is_kept(database: Database) -> None:
    start_run(database)
    key = start_backup(database)
    finish_backup(database, key, message="漢" * 1_000_000)

    assert database.execute("backup_by_id", id=key)[0]["message"] == "漢" * 1_000_000


def test_half_a_surrogate_pair_becomes_visible_text(database: Database) -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    start_run(database, name)

    assert runs(database) == ["caf\\udce9"]
    assert database.execute("finish_run", id=name, finished_at=AT, status=0, detail=None)


@pytest.mark.parametrize("value", ["a\0b", 2**63, float("nan"), float("inf")])
def test_what_no_database_can_hold_is_refused_by_name(database: Database, value: object) -> None:
    with pytest.raises(NetopsError, match="finish_run: status"):
        database.execute("finish_run", id="A", finished_at=AT, status=value, detail=None)


def test_calls_that_do_not_fit_the_statement_are_mistakes(database: Database) -> None:
    with pytest.raises(KeyError, match="start_run"):
        database.execute("start_runs")
    with pytest.raises(TypeError, match=r"missing detail, .*: details"):
        database.execute("start_run", id="A", verb="x", started_at=AT, details="{}")
    now = datetime.now(UTC)
    with pytest.raises(TypeError, match="datetime"):
        database.execute("start_run", id="A", verb="x", started_at=now, detail=None)


def test_a_closed_database_says_so(backend: Backend) -> None:
    database = backend.open()
    database.close()
    database.close()

    with pytest.raises(NetopsError, match="closed"):
        database.execute("unfinished_runs")


def test_threads_share_a_connection_without_mixing_transactions(database: Database) -> None:
    start_run(database)

    def work(writer: int) -> None:
        for _ in range(ROUNDS):
            with database.transaction():
                key = start_backup(database, f"job-{writer}")
                place(database, key)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(WRITERS)))

    rows = database.execute("backups", job=None, limit=None)
    assert [row["seq"] for row in rows] == list(range(WRITERS * ROUNDS, 0, -1))


def write_backups(backend: Backend, writer: int) -> None:
    """Write in transactions that read first: SQLite refuses those that only then ask to write."""
    with backend.open() as database:
        for number in range(ROUNDS):
            with database.transaction():
                database.execute("backups", job=None, limit=1)
                key = start_backup(database, f"job-{writer}")
                place(database, key)
            finish_backup(database, key, files_new=number)


def test_four_processes_write_at_once_and_lose_nothing(backend: Backend) -> None:
    with backend.open() as database:
        start_run(database)
        processes = [
            get_context("spawn").Process(target=write_backups, args=(backend, writer))
            for writer in range(WRITERS)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)

        rows = database.execute("backups", job=None, limit=None)

    assert [process.exitcode for process in processes] == [0] * WRITERS
    assert [row["seq"] for row in rows] == list(range(WRITERS * ROUNDS, 0, -1))
    assert {row["status"] for row in rows} == {0}


@pytest.mark.parametrize("name", query_names())
def test_every_statement_is_understood(database: Database, name: str) -> None:
    """With no value at all a statement finds nothing, or names the column it misses."""
    nothing = dict.fromkeys(find_query(name).parameters)
    try:
        database.execute(name, **nothing)
    except NetopsError as error:
        complaint = str(error).lower()
    else:
        complaint = "null"

    assert "null" in complaint
