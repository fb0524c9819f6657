"""Names of people and accounts: cleaned when they come in, compared as people compare them."""

import unicodedata

from netops.core.errors import UsageError

_LONGEST = 200


def one_line(text: str, option: str, *, empty: bool = False, longest: int = _LONGEST) -> str:
    """Return the text without blanks around it; raise UsageError for what cannot be read."""
    line = " ".join(text.split(" ")).strip()
    if not line.replace("\u3000", " ").isprintable():
        raise UsageError(f"{option}: one line of visible characters expected")
    if len(line) > longest:
        raise UsageError(f"{option}: at most {longest} characters expected, not {len(line)}")
    if not line and not empty:
        raise UsageError(f"{option}: a text expected")
    return line


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are the same but for case, width and blanks."""
    return folded(one) == folded(other)


def folded(name: str) -> str:
    """Return a name as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def person(account: str) -> str:
    """Return an account without the address it came from, which changes from day to day."""
    name, _, traces = account.partition(" (")
    kept = [part for part in traces.rstrip(")").split(", ") if part and part[:4] != "ssh "]
    return f"{name} ({', '.join(kept)})" if kept else name
