"""Which language a reader wants, and where its words are found (gettext)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from netops.core.errors import UsageError

if TYPE_CHECKING:
    from gettext import NullTranslations

#: English is the language of the message ids; the others have catalogues.
LANGUAGES = ("en", "zh_Hant", "zh_Hans")
_DOMAIN = "netops"
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
#: In the order in which gettext asks them.
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def mark(msgid: str) -> str:
    """Return the text as it is: it is translated where it is shown, and collected from here."""
    return msgid


def mark_plural(one: str, many: str) -> tuple[str, str]:
    """Return the two forms as they are, as `mark` does."""
    return one, many


def choose_language(
    named: str | None, configured: str | None, environment: Mapping[str, str] | None = None
) -> str:
    """
    Return one of LANGUAGES: as named, as configured, or as the environment says.

    Raises UsageError for a named one that is not spoken here.
    """
    if named:
        found = _match(named)
        if found is None:
            raise UsageError(
                f"netops does not speak {named!r}", hint=f"one of {', '.join(LANGUAGES)}"
            )
        return found
    return configured or _from_environment(os.environ if environment is None else environment)


def _from_environment(environment: Mapping[str, str]) -> str:
    value = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    known = (_match(word) for word in value.split(":"))
    return next((language for language in known if language), "en")


def _match(text: str) -> str | None:
    """Return the language of a locale or BCP 47 tag such as zh_TW.UTF-8 or zh-Hans-CN."""
    words = text.partition(".")[0].partition("@")[0].replace("-", "_").lower().split("_")
    if words[0] == "zh":
        scripts = {"hans", "hant"}.intersection(words)
        traditional = "hant" in scripts if scripts else bool(_TRADITIONAL.intersection(words))
        return "zh_Hant" if traditional else "zh_Hans"
    return "en" if words[0] in {"en", "c", "posix"} else None


def translations(directory: Path, language: str) -> "NullTranslations":
    """Return the words of one of LANGUAGES from DIRECTORY/LANGUAGE/LC_MESSAGES/netops.mo."""
    from gettext import NullTranslations, translation

    if language == "en":
        return NullTranslations()
    return translation(_DOMAIN, directory, [language])


def html_tag(language: str) -> str:
    """Return the tag that HTML wants (BCP 47); it also picks the right Chinese glyphs."""
    return language.replace("_", "-")


def display_width(text: str) -> int:
    """Return the columns a terminal needs for the text."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
