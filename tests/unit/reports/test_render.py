"""Templates: nothing missing passes in silence, nothing hostile gets through."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from netops.core.i18n import LANGUAGES
from netops.reports import render
from netops.reports.words import Words, size, visible, zone

TEMPLATES = sorted((Path(render.__file__).parent / "templates").glob("*.j2"))


def page(text: str, language: str = "en", **values: object) -> str:
    return render.environment(Words(language)).from_string(text).render(**values)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="nobody"):
        page("{{ nobody }}")


def test_a_missing_attribute_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        page("{{ thing.nothing }}", thing=size)


def test_html_in_a_value_is_text() -> None:
    assert page("{{ x }}", x="<script>&\"'") == "&lt;script&gt;&amp;&#34;&#39;"


def test_html_in_a_translated_sentence_is_text() -> None:
    shown = page('{{ _("custodian: %(name)s", name=x) }}', "zh_Hant", x="<b>")

    assert shown == "保管人：&lt;b&gt;"


def test_hidden_characters_are_shown_by_their_code() -> None:
    assert page("{{ x }}", x="a\u202eb\nc\x00\u200b") == "a\\u202eb\\nc\\x00\\u200b"


@pytest.mark.parametrize("text", ["備份　全形空白", "café", "שלום", "𠮷", "a b"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_nothing_is_a_dash() -> None:
    assert page("{{ x }}|{{ y }}", x=None, y="") == "—|—"


def test_a_bar_code_is_drawn_not_written() -> None:
    assert page("{{ 'AB'|barcode }}").startswith("<svg ")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_ask_nothing_of_the_network_and_run_nothing(template: Path) -> None:
    text = template.read_text(encoding="utf-8")

    assert not re.findall(r"<script|<link|<img|<iframe|@import|url\(|https?:|\son\w+=", text)
    assert not re.findall(r"\|\s*safe\b|autoescape\s+false", text)
    SandboxedEnvironment(extensions=["jinja2.ext.i18n"]).parse(text)


def test_durations_have_two_units_at_most() -> None:
    words = {language: Words(language) for language in LANGUAGES}
    spans = [0, 1, 75, 120, 3600, 3 * 86400 + 20 * 3600 + 59, 86400 * 400]

    assert [words["en"].length(span) for span in spans] == [
        *("0 seconds", "1 second", "75 seconds", "2 minutes", "1 hour", "3 days 20 hours"),
        "400 days",
    ]
    assert words["zh_Hant"].length(90_000) == "1 天 1 小時"
    assert words["zh_Hans"].length(90_000) == "1 天 1 小时"
    assert words["en"].length(None) == "—"


def test_an_unknown_word_stays_as_it_is() -> None:
    assert Words("zh_Hant").word("differential") == "差異備份"
    assert Words("zh_Hans").word("differential") == "差异备份"
    assert Words("zh_Hans").word("my own word") == "my own word"


def test_a_status_nobody_knows_is_unknown() -> None:
    speech = Words("zh_Hant")

    assert [speech.status(value) for value in (0, 2, 7, None)] == ["正常", "嚴重", "不明", "無結果"]


def test_the_zone_is_that_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Taipei")
    time.tzset()
    try:
        assert zone(datetime(2026, 11, 23, tzinfo=UTC)) == "UTC+08:00"
    finally:
        monkeypatch.undo()
        time.tzset()
