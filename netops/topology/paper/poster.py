"""The campus map by itself, to look at, to print on one sheet, and to hang up."""

from netops.core.i18n import mark
from netops.reports.svg import Drawing
from netops.reports.words import Words, moment
from netops.topology.drawing.chart import Chart, Mark
from netops.topology.drawing.draw import draw
from netops.topology.drawing.words import dotted


def as_svg(made: Chart, site: str, language: str) -> Drawing:
    """Return the map with its title and what it shows."""
    speech = Words(language)
    changed = sum(node.mark is not Mark.SAME for node in made.nodes.values())
    changed += sum(bond.mark is not Mark.SAME for bond in made.bonds)
    devices, links = len(made.snapshot.devices), len(made.snapshot.links)
    facts = [
        moment(made.snapshot.taken_at),
        speech.plural("%(num)s device", "%(num)s devices", devices),
        speech.plural("%(num)s link", "%(num)s links", links),
        speech.plural("%(num)s change", "%(num)s changes", changed) if made.has_changes else "",
        speech.text(mark("snapshot %(id)s"), id=made.snapshot.id[:12]),
    ]
    title = speech.text(mark("%(site)s: campus network"), site=site)
    return draw(made, speech, title, dotted(facts))


def as_page(drawing: Drawing, site: str, language: str) -> str:
    """Return the map as an HTML page that prints on one sheet."""
    from netops.reports.render import render

    title = Words(language).text(mark("%(site)s: campus network"), site=site)
    return render("topology_map.html.j2", language, {"map": drawing, "title": title})
