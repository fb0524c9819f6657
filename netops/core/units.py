"""Durations and sizes as people write them."""

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+)\s*([smhdw])")
_BYTES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", re.IGNORECASE)


def parse_duration(text: str) -> int:
    """Return the seconds in `90s`, `15m`, `36h`, `1d12h` or `2w`; raise ValueError otherwise."""
    cleaned = text.strip().lower()
    parts = _DURATION.findall(cleaned)
    if not parts or _DURATION.sub("", cleaned).strip():
        raise ValueError(f"{text!r} is not a duration; write 90s, 15m, 36h, 7d or 2w")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def parse_size(text: str) -> int:
    """Return the bytes in `500MB` or `1.5 GB` (powers of 1000); raise ValueError otherwise."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size; write 500MB, 2GB or 1TB")
    return round(float(match[1]) * _BYTES[match[2].lower()])


def duration_text(seconds: float) -> str:
    """Return at most two units, such as `1.4 s`, `15m`, `3h 20m` or `12d 4h`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    for unit, below in (("d", "h"), ("h", "m"), ("m", "s")):
        if whole >= _SECONDS[unit]:
            major, rest = divmod(whole, _SECONDS[unit])
            minor = rest // _SECONDS[below]
            return f"{major}{unit} {minor}{below}" if minor else f"{major}{unit}"
    return f"{whole} s"


def size_text(size_bytes: float) -> str:
    """Return three significant figures with a decimal unit, such as `18.3 MB`."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(value) < 999.5 or unit == "TB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable: the last unit always returns")
