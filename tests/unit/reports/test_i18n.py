"""Which language is spoken: what was asked for, then what is configured, then the environment."""

import pytest

from netops.core.errors import UsageError
from netops.core.i18n import choose_language, display_width, html_tag


@pytest.mark.parametrize(
    ("named", "language"),
    [
        ("en", "en"),
        ("zh_Hant", "zh_Hant"),
        ("zh-TW", "zh_Hant"),
        ("zh_HK.UTF-8", "zh_Hant"),
        ("zh_CN.GB18030@stroke", "zh_Hans"),
        ("zh", "zh_Hans"),
        ("zh-Hans-TW", "zh_Hans"),
        ("zh_Hant_CN", "zh_Hant"),
        ("EN-gb", "en"),
    ],
)
def test_a_named_language_is_understood_in_every_spelling(named: str, language: str) -> None:
    assert choose_language(named, "en", {}) == language


@pytest.mark.parametrize("named", ["fr", "klingon", "zhx", "12"])
def test_a_language_we_do_not_speak_is_refused(named: str) -> None:
    with pytest.raises(UsageError, match="does not speak"):
        choose_language(named, None, {})


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh_Hant"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_TW", "LC_ALL": "zh_CN"}, "zh_Hans"),
        ({"LANG": "en_US", "LANGUAGE": "fr:zh_TW:en"}, "zh_Hant"),
        ({"LANG": "zh_TW", "LC_ALL": ""}, "zh_Hant"),
    ],
)
def test_the_environment_decides_last(environment: dict[str, str], language: str) -> None:
    assert choose_language(None, None, environment) == language
    assert choose_language(None, "zh_Hans", environment) == "zh_Hans"


def test_html_knows_the_script() -> None:
    assert html_tag("zh_Hant") == "zh-Hant"


def test_chinese_is_two_columns_wide() -> None:
    assert [display_width(text) for text in ("abc", "備份", "é", "e\u0301")] == [3, 4, 1, 1]
