"""Reads and checks every configuration file and tells all mistakes in one report."""

from pathlib import Path

from netops.backup.settings import cross_mistakes
from netops.config.cache import parts
from netops.config.merge import Merged
from netops.config.settings import Config
from netops.core.document import Document, mistake, read_document, refuse
from netops.core.errors import ConfigError
from netops.core.settings import checked

_HINT = "netops config schema describes every key; an editor with YAML support shows them"


def check(path: Path) -> Config:
    """Return the configuration in `path` and its conf.d; raise ConfigError with every mistake."""
    documents, found = _documents(path)
    complete = not found
    merged = Merged(documents)
    config, wrong = checked(Config, merged.data, merged, base=path.parent)
    found += [*merged.mistakes, *wrong]
    if complete:  # else what is missing may stand in the file that cannot be read
        backup = merged.data.get("backup")
        for place, message in cross_mistakes(backup, path.parent, _installed_engines()):
            found.append(mistake(merged, ("backup", *place), message))
    if found or config is None:
        refuse(path, found, hint=_HINT)
    return config


def _documents(path: Path) -> tuple[list[Document], list[str]]:
    """Return the files that can be read, and the mistakes of those that cannot."""
    documents: list[Document] = []
    found: list[str] = []
    for part in (path, *parts(path)):
        label = str(part.relative_to(path.parent))
        try:
            documents.append(read_document(part, label=label))
        except ConfigError as error:
            found.extend(error.mistakes or [f"{label}:1: {error}"])
    if not documents or documents[0].path != path:
        # Without the main file every reference to it would be one more mistake.
        refuse(path, found)
    return documents, found


def _installed_engines() -> frozenset[str]:
    from importlib.metadata import entry_points

    from netops.backup.room import engines

    declared = {entry.name for entry in entry_points(group="netops.backup_engines")}
    # Nothing declared: netops runs from its source, and any name may be meant.
    return frozenset({*declared, *engines.built_in} if declared else ())
