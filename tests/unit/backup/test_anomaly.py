"""Thirty ordinary days raise no alarm; an attack does, the same day or within days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.anomaly import Names, Past, Rates, judge, usual
from netops.backup.content import Reading
from netops.backup.model import AlarmLimits, Kind
from tests.unit.backup.replay import Day, World, live

MONTH = range(31)


def office(world: World, day: int) -> None:
    """8,000 documents; busy weekdays, quiet weekends; some with formats nobody knows."""
    if day == 0:
        world.add(6000, Reading.PACKED)
        world.add(1900)
        world.add(100, Reading.OPAQUE)
        return
    busy = 1.0 if day % 7 not in {5, 6} else 0.02
    world.change(world.some(0.02 * busy))
    world.remove(world.some(0.002 * busy))
    world.add(round(40 * busy), Reading.PACKED)


def mail(world: World, day: int) -> None:
    """A mail spool: much comes, is renamed by its flags, and goes; a quarter is purged once."""
    if day == 0:
        world.add(5000)
        return
    world.add(600)
    world.rename(world.some(0.08))
    world.remove(world.some(0.1))
    if day == 28:
        world.remove(world.some(0.25))


def software(world: World, day: int) -> None:
    """20,000 installed files; one update changes 3,000 of them and renames some."""
    if day == 0:
        world.add(20_000)
        return
    world.change(world.some(0.001))
    if day == 12:
        world.change(world.some(0.15))
        world.rename(world.some(0.02))


def semester(world: World, day: int) -> None:
    """A file server of courses: a fifth comes at once, an old term goes later, owners change."""
    if day == 0:
        world.add(10_000, Reading.PACKED)
        return
    world.change(world.some(0.005))
    if day == 15:
        world.add(2000, Reading.PACKED)
    if day == 20:
        world.touch(world.some(1))
    if day == 22:
        world.rename(sorted(world.files)[:7000], folder=True)
    if day == 25:
        world.remove(world.some(0.15))


def logs(world: World, day: int) -> None:
    """40 logs that grow, are rotated every night, and are kept for ten nights."""
    if day == 0:
        world.add(440, Reading.PACKED)
        return
    newest = sorted(world.files)[-40:]
    world.change(newest)
    world.rename(newest)
    world.remove(sorted(world.files)[:40])
    world.add(40)


def exports(world: World, day: int) -> None:
    """60 exports, every one written anew every night."""
    if day == 0:
        world.add(60)
    world.change(list(world.files))


def containers(world: World, day: int) -> None:
    """A store of encrypted pieces: random by nature, some rewritten every day."""
    if day == 0:
        world.add(800, Reading.OPAQUE)
        return
    world.change(world.some(0.1))
    world.add(30, Reading.OPAQUE)


def tiny(world: World, day: int) -> None:
    """Five files, all of them changed every day."""
    if day == 0:
        world.add(5)
    world.change(list(world.files))


def moving_in(world: World, day: int) -> None:
    """A young server: it fills, and half of it is turned over in the first days."""
    if day > 5:
        world.change(world.some(0.01))
        return
    world.change(world.some(0.3))
    world.remove(world.some(0.2))
    world.add(1000, Reading.PACKED)


ORDINARY = [office, mail, software, semester, logs, exports, containers, tiny, moving_in]
USUAL = [office, mail, software, semester]


@pytest.mark.parametrize("full_every", [7, 31])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("day", ORDINARY)
def test_thirty_ordinary_days_raise_no_alarm(day: Day, seed: int, full_every: int) -> None:
    world = World(seed)

    assert live(world, day, MONTH, full_every) == {}
    assert len(world.past) == len(MONTH)


@pytest.mark.parametrize("kind", [Kind.DIFFERENTIAL, Kind.FULL, Kind.LOG])
@pytest.mark.parametrize("renamed", [True, False])
@pytest.mark.parametrize("strange", [True, False])
@pytest.mark.parametrize("day", USUAL)
def test_a_tree_encrypted_over_night_is_found_at_once(
    day: Day, strange: bool, renamed: bool, kind: Kind
) -> None:
    world = World(5)
    live(world, day, range(11), 7)

    world.encrypt(world.some(0.9), renamed=renamed, strange=strange)

    assert {sign.name for sign in world.back_up(kind)} == {"encrypted", "rewritten"}


@pytest.mark.parametrize("kind", [Kind.DIFFERENTIAL, Kind.FULL])
@pytest.mark.parametrize("day", USUAL)
def test_an_attack_in_the_first_days_of_a_job_is_found_by_content(day: Day, kind: Kind) -> None:
    world = World(6)
    live(world, day, range(1), 7)

    world.encrypt(world.some(0.5), renamed=True)

    assert [sign.name for sign in world.back_up(kind)] == ["encrypted"]


@pytest.mark.parametrize("kind", [Kind.DIFFERENTIAL, Kind.FULL, Kind.LOG])
@pytest.mark.parametrize("day", [*USUAL, containers])
def test_deletion_of_most_files_is_found_at_once(day: Day, kind: Kind) -> None:
    world = World(7)
    live(world, day, range(11), 7)

    world.remove(sorted(world.files)[: round(len(world.files) * 0.6)])

    assert [sign.name for sign in world.back_up(kind)] == ["removed"]


@pytest.mark.parametrize("harm", [World.blank, World.empty])
@pytest.mark.parametrize("day", USUAL)
def test_files_overwritten_with_nothing_are_found_though_nothing_new_is_stored(
    day: Day, harm: object
) -> None:
    world = World(8)
    live(world, day, range(11), 7)

    names = sorted(world.files)[: round(len(world.files) * 0.8)]
    world.blank(names) if harm is World.blank else world.empty(names)
    found = {sign.name for sign in world.back_up(Kind.DIFFERENTIAL)}

    assert found == ({"encrypted"} if harm is World.blank else {"rewritten"})


@pytest.mark.parametrize("day", [software, semester])
@pytest.mark.parametrize("renamed", [True, False])
def test_two_percent_a_day_are_found_the_first_day_where_little_else_changes(
    day: Day, renamed: bool
) -> None:
    world = World(9)
    live(world, day, range(10), 31)

    world.change(world.some(0.005))
    world.encrypt(world.some(0.02), renamed=renamed)

    assert [sign.name for sign in world.back_up(Kind.DIFFERENTIAL)] == ["encrypted"]


@pytest.mark.parametrize("seed", range(10))
def test_two_percent_a_day_are_found_within_three_days_among_the_work_of_an_office(
    seed: int,
) -> None:
    world = World(seed)
    live(world, office, range(8), 31)

    def attacked(world: World, day: int) -> None:
        office(world, day)
        world.encrypt(world.some(0.02), renamed=True)

    found = live(world, attacked, range(8, 11), 31)

    assert found
    assert all("encrypted" in names for names in found.values())


def test_two_percent_a_day_of_a_small_job_add_up() -> None:
    world = World(10)
    world.add(200, Reading.PACKED)
    for _ in range(8):
        world.back_up(Kind.DIFFERENTIAL)

    def attacked(world: World, day: int) -> None:
        healthy = [n for n, f in world.files.items() if f.reading is Reading.PACKED]
        world.encrypt(healthy[:4], renamed=True)

    found = live(world, attacked, range(1, 8), 31)

    assert found
    assert min(found) in {3, 4}


def test_a_slow_attack_tells_the_backup_before_it_began() -> None:
    quiet = [Past(Rates("log", 200, 200, touched=1))] * 10
    slow = Past(Rates("log", 200, 200, touched=4, new_blobs=4, sampled=4, broken=4))
    now = slow.rates

    (sign,) = judge(now, [slow, slow, *quiet], AlarmLimits())

    assert sign.began == 2


@pytest.mark.parametrize("kind", [Kind.DIFFERENTIAL, Kind.FULL])
def test_bringing_the_data_back_does_not_ring_again(kind: Kind) -> None:
    world = World(12)
    live(world, office, range(11), 31)
    healthy = dict(world.files)
    world.encrypt(list(world.files), renamed=True)
    assert world.back_up(Kind.DIFFERENTIAL)

    world.files = healthy
    world.touch(list(healthy))

    assert world.back_up(kind) == ()


def test_software_that_rewrites_more_than_half_is_an_alarm_that_can_be_answered() -> None:
    world = World(11)
    live(world, software, range(10), 31)
    world.change(world.some(0.8))

    signs = world.back_up(Kind.DIFFERENTIAL)

    assert [sign.name for sign in signs] == ["rewritten"]
    assert world.last is not None
    habit = [Past(world.last, declared=True), *world.past]
    assert judge(world.last, habit, AlarmLimits()) == ()


def test_the_first_backup_is_never_judged() -> None:
    assert judge(Rates("full", 1000, sampled=64, broken=64), (), AlarmLimits()) == ()


def test_an_alarm_that_is_switched_off_says_nothing() -> None:
    destroyed = Rates("full", 0, 1000)
    assert judge(destroyed, (), AlarmLimits())
    assert judge(destroyed, (), AlarmLimits(enabled=False)) == ()


def test_a_note_in_many_folders_is_a_sign_of_its_own() -> None:
    ordinary = Rates("log", 1000, 1000, touched=40, new_blobs=1)
    note = Names("how_to_decrypt.txt", note_folders=20, folders=20)

    (sign,) = judge(ordinary, (), AlarmLimits(), note)

    assert sign.name == "notes"
    assert "how_to_decrypt.txt" in sign.text
    assert judge(ordinary, (), AlarmLimits(), Names("how_to_decrypt.txt", 9, 9)) == ()
    assert judge(ordinary, (), AlarmLimits(), Names("how_to_decrypt.txt", 20, 200)) == ()


COUNT = st.integers(0, 5000)


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    files, before = draw(COUNT), draw(COUNT)
    touched = draw(st.one_of(st.none(), st.integers(0, files)))
    sampled = draw(st.integers(0, min(64, files if touched is None else touched)))
    broken = draw(st.integers(0, sampled))
    return Rates(
        draw(st.sampled_from(list(Kind))).value,
        files,
        before,
        draw(COUNT),
        draw(COUNT),
        touched,
        draw(st.integers(max(before - files, 0), before)) if before > files else draw(st.just(0)),
        draw(COUNT),
        sampled,
        broken,
        draw(st.integers(0, sampled - broken)),
    )


PAST = st.lists(st.builds(Past, rates(), st.booleans()), max_size=40)
LIMITS = st.builds(
    AlarmLimits,
    st.just(value=True),
    *[st.floats(0.01, 1)] * 3,
    st.integers(1, 200),
)


@given(rates(), PAST, LIMITS)
def test_shares_and_counts_stay_within_their_bounds(
    now: Rates, past: list[Past], limits: AlarmLimits
) -> None:
    judge(now, past, limits)
    assert 0 <= now.of_before(now.replaced) <= 1
    assert 0 <= now.lost <= (now.files_before or 0)
    assert 0 <= usual(past, lambda item: item.of_before(item.replaced)) <= 1


@given(rates(), PAST, LIMITS)
def test_fewer_files_than_the_floor_never_alarm(
    now: Rates, past: list[Past], limits: AlarmLimits
) -> None:
    floor = 1 + max(now.files, now.files_before or 0)
    few = AlarmLimits(min_files=floor + sum(p.rates.files + p.rates.sampled for p in past))
    assert judge(now, past, few) == ()
    del limits


@given(st.integers(1, 5000), st.integers(1, 5000), PAST)
def test_files_that_only_come_never_alarm(before: int, added: int, past: list[Past]) -> None:
    sampled = min(added, 64)
    clean = [p for p in past if not p.rates.broken]
    imported = Rates(
        *("log", before + added, before),
        touched=added,
        new_blobs=added,
        sampled=sampled,
        broken=sampled,
    )
    assert judge(imported, clean, AlarmLimits()) == ()


@given(COUNT, PAST, LIMITS)
def test_a_backup_without_changes_never_alarms(
    files: int, past: list[Past], limits: AlarmLimits
) -> None:
    assert judge(Rates("differential", files, files, touched=0), past, limits) == ()


@given(rates(), LIMITS)
def test_wider_limits_never_find_more(now: Rates, limits: AlarmLimits) -> None:
    wider = AlarmLimits(
        rewritten=min(limits.rewritten * 2, 1),
        removed=min(limits.removed * 2, 1),
        encrypted=min(limits.encrypted * 2, 1),
        min_files=limits.min_files * 2,
    )
    young = [Past(Rates(now.kind, 100, 100, touched=0))] * 3
    found = {sign.name for sign in judge(now, young, limits)}
    assert {sign.name for sign in judge(now, young, wider)} <= found
