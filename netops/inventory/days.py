"""Days as asset sheets write them: ISO, Chinese, of the Republic, or counted by an office program."""

import calendar
import re
import unicodedata
from datetime import date, timedelta

_OFFICE_EPOCH = date(1899, 12, 30)
_REPUBLIC = 1911
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$")
_YEAR_FIRST = re.compile(r"(\d{2,4})(?:[-/.]|年)(\d{1,2})(?:(?:[-/.]|月)(\d{1,2})日?|月)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_COUNTED = re.compile(r"([2-7]\d{4})(\.\d+)?")
_LENGTH = re.compile(r"(\d{1,3}|[一二兩两三四五六七八九十])(年|years?|y|个月|個月|月|months?|m)")
_DIGITS = dict(zip("一二三四五六七八九十", range(1, 11), strict=True)) | {"兩": 2, "两": 2}


def parse_day(text: str, *, end: bool = False) -> str:
    """
    Return `2024-03-05`, an empty text for none; a month alone is its first day, or its `end`.

    Raises ValueError for what is no day, or could be two.
    """
    plain = _TIME.sub("", unicodedata.normalize("NFKC", text).strip())
    plain = re.sub(r"\s+", "", plain)
    if not plain or plain in {"-", "--", "/", "无", "無", "n/a", "N/A"}:
        return ""
    republic = plain.startswith(("民國", "民国"))
    plain = plain.removeprefix("民國").removeprefix("民国")
    try:
        return _day(plain, republic, end).isoformat()
    except (ValueError, OverflowError):
        raise ValueError(f"{text.strip()!r} is not a day such as 2024-03-05") from None


def _day(text: str, republic: bool, end: bool) -> date:
    if found := _COMPACT.fullmatch(text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _COUNTED.fullmatch(text):
        return _OFFICE_EPOCH + timedelta(days=int(found[1]))
    if found := _DAY_FIRST.fullmatch(text):
        first, second, year = map(int, found.groups())
        if first <= 12 and second <= 12 and first != second:
            raise ValueError("it could be two days")
        return date(year, min(first, second), max(first, second))
    found = _YEAR_FIRST.fullmatch(text)
    if not found or (len(found[1]) < 4 and not republic and len(found[1]) != 3):
        raise ValueError("no known form")
    year = int(found[1]) + (_REPUBLIC if len(found[1]) < 4 else 0)
    month = int(found[2])
    if found[3]:
        return date(year, month, int(found[3]))
    return date(year, month, calendar.monthrange(year, month)[1] if end else 1)


def parse_warranty(text: str, purchased_on: str) -> str:
    """Return the last day of a warranty: written as a day, or as a length from the purchase on."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()
    found = _LENGTH.fullmatch(plain)
    if not found:
        return parse_day(text, end=True)
    if not purchased_on:
        raise ValueError(f"{text.strip()!r} counts from a day of purchase, which is not given")
    count = _DIGITS.get(found[1]) or int(found[1])
    months = count * (12 if found[2][0] in "年y" else 1)
    bought = date.fromisoformat(purchased_on)
    year, month = divmod(bought.year * 12 + bought.month - 1 + months, 12)
    if year > 9999:
        raise ValueError(f"{text.strip()!r} ends after the last day there is")
    day = min(bought.day, calendar.monthrange(year, month + 1)[1])
    return (date(year, month + 1, day) - timedelta(days=1)).isoformat()
