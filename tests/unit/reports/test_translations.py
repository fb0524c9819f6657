"""Catalogues of words: complete, current, compiled, and in the terms of the place."""

import importlib.util
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LANGUAGES = ("zh_Hant", "zh_Hans")


@cache
def script() -> ModuleType:
    path = ROOT / "scripts" / "translations.py"
    spec = importlib.util.spec_from_file_location("netops_translations", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def merged(language: str) -> Any:
    return script().merged(language)


def words(language: str) -> dict[str, str]:
    path = script().po_file(language).with_suffix(".mo")
    with path.open("rb") as file:
        catalogue = GNUTranslations(file)
    return {
        (key if isinstance(key, str) else key[0]): value
        for key, value in catalogue._catalog.items()  # type: ignore[attr-defined]
        if key
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_words_and_none_is_guessed(language: str) -> None:
    tool = script()

    assert tool.faults(merged(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_po_holds_exactly_the_messages_of_code_and_templates(language: str) -> None:
    tool = script()

    assert {m.id for m in tool.read(language) if m.id} == {m.id for m in tool.collect() if m.id}
    assert len(words(language)) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_mo_is_compiled_from_po(language: str) -> None:
    tool = script()
    path = tool.po_file(language)

    assert path.with_suffix(".mo").read_bytes() == tool.mo_bytes(merged(language))
    assert path.read_bytes() == tool.po_bytes(merged(language))


def test_a_missing_a_guessed_and_a_broken_message_are_found() -> None:
    tool = script()
    catalogue = tool.Plain(locale="zh_Hant")
    catalogue.add("Nobody translated this")
    catalogue.add("Somebody guessed", "有人猜", flags=["fuzzy"])
    catalogue.add("%(name)s has it", "%(nom)s 有", flags=["python-format"])
    catalogue.add("Fine", "很好")

    found = " ".join(tool.faults(catalogue))

    assert "without words: 'Nobody" in found
    assert "guessed: 'Somebody" in found
    assert "'%(name)s has it'" in found
    assert "Fine" not in found


@pytest.mark.parametrize(("language", "charset"), [("zh_Hant", "big5hkscs"), ("zh_Hans", "gb2312")])
def test_no_character_of_the_other_script_slipped_in(language: str, charset: str) -> None:
    """Big5 has no simplified characters, GB 2312 no traditional ones."""
    for text in words(language).values():
        text.encode(charset)


TERMS = {
    "zh_Hant": (
        *("備份", "伺服器", "異地備份", "保管人", "差異備份", "完整備份", "日誌備份", "儲存庫"),
        *("檔案", "資料"),
    ),
    "zh_Hans": (
        *("备份", "服务器", "异地备份", "保管人", "差异备份", "完全备份", "日志备份", "存储库"),
        *("文件", "数据"),
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_are_those_of_the_place(language: str) -> None:
    text = "\n".join(words(language).values())

    assert [term for term in TERMS[language] if term not in text] == []


def test_the_two_are_not_conversions_of_each_other() -> None:
    hant, hans = words("zh_Hant"), words("zh_Hans")

    assert (hant["Full backup"], hans["Full backup"]) == ("完整備份", "完全备份")
    assert (hant["Server"], hans["Server"]) == ("伺服器", "服务器")
    assert (hant["Repository"], hans["Repository"]) == ("儲存庫", "存储库")
