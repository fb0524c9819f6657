"""Secrets out of every text that leaves the process: output, journal, errors."""

import json
import re
from threading import Lock

MASK = "***"
_SHORTEST = 4  # shorter values would blank out half of an ordinary text
_SHORTEST_LINE = 8
_URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/]*@")

_lock = Lock()
_values: set[str] = set()
_pattern: list[re.Pattern[str]] = []  # empty or one: compiled when first needed


def register(value: str) -> None:
    """Mask `value`, its lines and its JSON form from now on; under 4 characters it is left out."""
    lines = [line.strip() for line in value.splitlines()]
    forms = {form for form in (value, value.strip()) if len(form) >= _SHORTEST}
    forms.update(line for line in lines[1:] + lines[:-1] if len(line) >= _SHORTEST_LINE)
    forms.update(
        json.dumps(form, ensure_ascii=ascii_only)[1:-1]
        for form in tuple(forms)
        for ascii_only in (True, False)
    )
    with _lock:
        _values.update(forms)
        _pattern.clear()


def redact(text: str) -> str:
    """Return `text` with registered values and passwords in URLs masked."""
    with _lock:
        if _values and not _pattern:
            longest_first = sorted(_values, key=len, reverse=True)
            _pattern.append(re.compile("|".join(map(re.escape, longest_first))))
        pattern = _pattern[0] if _pattern else None
    if pattern is not None:
        text = pattern.sub(MASK, text)
    return redact_urls(text)


def redact_urls(text: str) -> str:
    """Return `text` with `scheme://user:password@host` as `scheme://user:***@host`."""
    return _URL_PASSWORD.sub(rf"\1{MASK}@", text) if "://" in text else text
