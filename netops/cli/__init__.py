"""The command line: parse, call one use case, print, exit."""

import sys


def main() -> None:
    """Run the command line; monitoring's two questions are answered before typer loads."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from netops import __version__

        sys.stdout.write(f"netops {__version__}\n")
        sys.exit(0)
    from netops.cli import errors, quick

    code = errors.guarded(arguments, lambda: quick.answer(arguments))
    if code is None:
        from netops.cli import root

        code = errors.guarded(arguments, lambda: root.run(arguments))
    sys.exit(code)
