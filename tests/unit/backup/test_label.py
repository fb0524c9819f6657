"""Labels: they say what R6.7 asks for, in three languages, and no name breaks them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.app import Site
from netops.backup import label as labels
from netops.backup.label import Label, label_text, labels_page, retention_text
from netops.backup.model import Kind
from netops.core.errors import UsageError
from netops.core.i18n import LANGUAGES
from netops.reports.words import Words
from tests import catalogue_site
from tests.catalogue_site import CHEN, NOW, WANG, add_backup

HOSTILE = [
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "two\nlines\r\n",
    "x" * 200,
    "備" * 200,
    "%(num)s %s {{ 7*7 }} {% raw %}",
    '" onmouseover="x',
    "\x1b]0;title\x07",
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = catalogue_site.make(tmp_path / "site")
    yield made
    made.close()


def one(site: Site, **facts: object) -> Label:
    (made,) = site.labels([add_backup(site, **facts)])  # type: ignore[arg-type]
    return made


def test_a_label_says_what_whose_when_type_class_custodian_place_and_retention(site: Site) -> None:
    text = label_text(one(site), Words("en"))

    lines = dict(re.split(r"  +", line, maxsplit=1) for line in text.splitlines() if "  " in line)
    assert lines["Content"] == "Registrar database"
    assert lines["Sources"] == "/srv/registrar, sqlite:/srv/registrar.db"
    assert lines["Department"] == "Registry"
    assert lines["Data owner"] == "registrar@example.org"
    assert lines["Backup type"] == "Full backup"
    assert lines["Data class"] == "confidential"
    assert lines["Custodian"] == CHEN
    assert lines["Kept for"] == "until removed by hand"
    assert lines["Size"] == "18.3 MB, 1,203 files"
    assert re.fullmatch(r"2026-11-2\d \d\d:\d\d", lines["Backed up at"])
    assert lines["Lies in"].startswith("main (Primary), Machine room B1, custodian: Chen Li, ")
    assert "offsite (Offsite), Library, room 3, custodian: Wang Fang, 0f1e2d3c" in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Backup label", "Differential backup", "Based on full backup", "Custodian")),
        ("zh_Hant", ("備份標籤", "差異備份", "所依完整備份", "保管人")),
        ("zh_Hans", ("备份标签", "差异备份", "所依完全备份", "保管人")),
    ],
)
def test_a_label_speaks_the_language(site: Site, language: str, words: tuple[str, ...]) -> None:
    base = add_backup(site)
    made = one(site, kind=Kind.DIFFERENTIAL, base=base)

    for text in (label_text(made, Words(language)), labels_page([made], language, "a4")):
        assert [word for word in words if word not in text] == []
        assert base in text


def test_columns_line_up_in_chinese(site: Site) -> None:
    from netops.core.i18n import display_width

    lines = label_text(one(site), Words("zh_Hant")).splitlines()[3:8]

    assert len({display_width(re.match(r"\S+ +", line)[0]) for line in lines}) == 1  # type: ignore[index]


def test_the_newest_good_backup_of_each_job_is_taken(site: Site) -> None:
    add_backup(site, at=NOW - timedelta(days=2))
    good = add_backup(site, at=NOW - timedelta(days=1))
    add_backup(site, status=2)

    assert [made.run_id for made in site.labels([])] == [good]


@pytest.mark.parametrize("status", [2, None])
def test_what_cannot_be_restored_gets_no_label(site: Site, status: int | None) -> None:
    with pytest.raises(UsageError, match="nothing to label"):
        one(site, status=status)


def test_a_backup_nobody_made_gets_no_label(site: Site) -> None:
    with pytest.raises(UsageError, match="there is no backup 01X"):
        site.labels(["01X"])


def test_only_the_places_it_was_seen_in_are_on_the_label(site: Site) -> None:
    made = one(site, places=("main",), status=1)

    assert [place.repository for place in made.places] == ["main"]
    assert "(some files could not be read)" in label_text(made, Words("en"))


def test_a_backup_of_a_job_that_is_gone_still_has_a_label(site: Site, tmp_path: Path) -> None:
    number = add_backup(site)
    values = catalogue_site.settings()
    del values["backup"]["jobs"]["registrar"]
    later = catalogue_site.make(tmp_path / "later", values)
    found = labels.make_labels("S", site.backups.catalogue, later.custody, [number])
    later.close()

    assert label_text(found[0], Words("en")).count("registrar") > 1


def test_the_custodian_of_a_place_is_who_confirmed_last(site: Site) -> None:
    from tests.unit.backup.test_custody import answered, offered

    answered(site, offered(site), "Li Wei")
    made = one(site)

    assert [place.custodian for place in made.places] == [CHEN, "Li Wei"]
    assert WANG not in label_text(made, Words("en"))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", ["a4", "label"])
def test_hostile_names_are_harmless(site: Site, name: str, language: str, paper: str) -> None:
    made = replace(one(site), site=name, owner=name, department=name, job=name, description=name)

    page, text = labels_page([made], language, paper), label_text(made, Words(language))

    assert "<script>alert" not in page
    assert not re.search(r'<[^>]*onmouseover="x', page)
    for shown in (page, text):
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f\x7f]", shown)
    assert text.count("\n") == label_text(one(site), Words(language)).count("\n")
    if name[0] in "x備%":
        assert name in text


@given(st.text(max_size=300))
def test_no_text_adds_a_line_to_a_label(name: str) -> None:
    made = Label(
        *(name, "ID", 1, name, name, (name,), name, name, name, name, Kind.FULL, NOW, NOW, 1, 1),
        *(None, False, (labels.LabelPlace(name, "primary", name, name, "ab", NOW),), {}),
    )

    text = label_text(made, Words("zh_Hans"))

    assert len(text.splitlines()) == 17
    text.encode()


def test_a_page_opens_offline_and_holds_a_bar_code_per_label(site: Site) -> None:
    page = labels_page([one(site), one(site)], "zh_Hant", "a4")

    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="zh-Hant">' in page
    assert page.count('class="code128"') == page.count("<article>") == 2
    assert "default-src 'none'" in page
    assert not re.findall(r"<script|<link|<img|url\(|src=", page)
    # The name space of SVG is the only address, and nobody fetches it.
    assert set(re.findall(r"https?://[^\"' ]+", page)) <= {"http://www.w3.org/2000/svg"}


def test_retention_is_said_in_words() -> None:
    rule = {"keep_full": 3, "daily": 7, "weekly": None, "monthly": 1, "min_days": 180, "odd": 4}

    assert retention_text(rule, Words("en")) == (
        "3 full backups, one a day for 7 days, one a month for 1 month, 180 days at least"
    )
    assert retention_text(rule, Words("zh_Hant")) == (
        "完整備份 3 份、每日一份，保留 7 天、每月一份，保留 1 個月、至少 180 天"
    )
    assert retention_text({"legal_hold": True}, Words("zh_Hans")) == "依法保全，不得删除"
    assert retention_text({"daily": None, "min_days": 0}, Words("en")) == "until removed by hand"
