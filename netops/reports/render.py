"""The one door to jinja2: templates and values in, one self-contained page out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.reports import words
from netops.reports.code128 import svg
from netops.reports.words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, language: str, values: Mapping[str, Any]) -> str:
    """
    Return the page that `template` (a file of templates/) makes of `values`.

    A name the template asks for and `values` lacks is an error, every value is escaped, and
    characters that cannot be seen are shown by their code.
    """
    speech = Words(language)
    return environment(speech).get_template(template).render(**values)


def environment(speech: Words) -> "Environment":
    """Return jinja2 as every template of ours is read."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        finalize=_shown,
    )
    # The extension adds these methods to the environment when it is loaded.
    made.install_gettext_translations(speech.catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        moment=words.moment,
        zone=words.zone,
        size=words.size,
        duration=speech.length,
        word=speech.word,
        status=speech.status,
        listed=speech.listed,
        number=lambda value: f"{value:,}",
        # Made by us of modules alone: nothing of the text gets into the SVG.
        barcode=lambda text: Markup(svg(text)),  # noqa: S704
    )
    made.globals.update(language=speech.language, tag=speech.tag)
    return made


def _shown(value: Any) -> Any:
    """Return what a template prints: text without hidden characters, `—` for nothing."""
    if value is None or value == "":
        return "—"
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return words.visible(value)
    return value
