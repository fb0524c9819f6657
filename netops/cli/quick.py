"""
`backup status` without the command-line library.

Monitoring asks it every minute on every site; typer alone would cost more than the answer. Only
the plain forms are taken here, everything else falls through to the full command line, which calls
the same function.
"""

from collections.abc import Sequence

_FLAGS = {"--json", "--plugin", "--quiet"}


def answer(arguments: Sequence[str]) -> int | None:
    """Print the status and return the exit code, or None when this needs the full command line."""
    rest, named = list(arguments), None
    if len(rest) >= 2 and rest[0] == "--site":
        named, rest = rest[1], rest[2:]
    if rest[:2] != ["backup", "status"] or not _FLAGS.issuperset(rest[2:]):
        return None
    from netops.cli.status import show_status

    flags = set(rest[2:])
    return show_status(
        named,
        [],
        as_json="--json" in flags,
        as_plugin="--plugin" in flags,
        quiet="--quiet" in flags,
    )
