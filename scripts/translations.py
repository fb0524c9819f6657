"""
Collects the messages of netops into locale/*/LC_MESSAGES/netops.po and compiles them to .mo.

    python scripts/translations.py            collect, merge, compile
    python scripts/translations.py --check    change nothing; exit 1 when something is missing

Needs babel (`pip install netops[test]`). The .mo files are committed, so that neither an
installation nor a checkout needs a compiler; tests keep them equal to the .po files.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from netops.records import form as forms

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "netops" / "reports" / "locale"
LANGUAGES = ("zh_Hant", "zh_Hans")
_METHODS = [("**.py", "python"), ("**.html.j2", "jinja2.ext:babel_extract")]
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "mark": None,
    "ngettext": (1, 2),
    "plural": (1, 2),
    "mark_plural": (1, 2),
}


class Plain(Catalog):
    """A catalogue whose head says only what readers need: equal for every version of babel."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Return the head."""
        return [
            ("Language", self.locale_identifier or ""),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


def collect() -> Catalog:
    """Return every message that code and templates show."""
    found = Plain()
    options = {"**.html.j2": {"newstyle_gettext": "true", "silent": "false"}}
    for _file, _line, message, _comments, context in extract_from_dir(
        ROOT / "netops", _METHODS, options, _KEYWORDS
    ):
        found.add(message, context=context)
    for message in form_messages():
        found.add(message)
    return found


def form_messages() -> Iterator[str]:
    """Yield what the forms of the record book say."""
    for name in forms.names():
        form = forms.load(name)
        yield form.label
        for field in form.fields.values():
            yield field.label
            yield from field.choices.values()
            if field.question:
                yield field.question


def po_file(language: str) -> Path:
    """Return where the words of a language are written."""
    return LOCALE / language / "LC_MESSAGES" / "netops.po"


def read(language: str) -> Catalog:
    """Return a language as its .po says; empty when there is none."""
    path, made = po_file(language), Plain(locale=language)
    if path.is_file():
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                if message.id:
                    made[message.id] = message
    return made


def merged(language: str) -> Catalog:
    """Return a language with new messages added and those gone dropped."""
    catalogue = read(language)
    catalogue.update(collect(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.header_comment = f"# The words of netops in {language}."
    catalogue.fuzzy = False
    return catalogue


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the .po of a language."""
    out = io.BytesIO()
    write_po(out, catalogue, width=100, no_location=True, sort_output=True)
    return out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return the .mo of a language."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def faults(catalogue: Catalog) -> list[str]:
    """Return the messages without words, those that are only guessed, and broken placeholders."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        words = message.string if isinstance(message.string, tuple) else (message.string,)
        if not words or not all(words):
            found.append(f"without words: {message.id!r}")
            continue
        if message.fuzzy:
            found.append(f"guessed: {message.id!r}")
        found += [f"{message.id!r}: {error}" for error in message.check(catalogue)]
    return found


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    bad = []
    for language in LANGUAGES:
        catalogue = merged(language)
        bad += [f"{language}: {fault}" for fault in faults(catalogue)]
        for path, content in (
            (po_file(language), po_bytes(catalogue)),
            (po_file(language).with_suffix(".mo"), mo_bytes(catalogue)),
        ):
            if path.is_file() and path.read_bytes() == content:
                continue
            if check:
                bad.append(f"{path.relative_to(ROOT)} is not current")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    sys.stdout.writelines(f"{line}\n" for line in bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
