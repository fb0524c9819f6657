"""The command line: parse, call one use case, print, exit."""

import gc
import os
import sys


def main() -> None:
    """Run the command line; monitoring's two questions are answered before typer loads."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from netops import __version__

        _leave(f"netops {__version__}\n", 0)
    gc.disable()  # nothing made while modules load is garbage
    from netops.cli import errors, quick

    code = errors.guarded(arguments, lambda: quick.answer(arguments))
    if code is not None:
        _leave("", code)
    from netops.cli import root

    gc.enable()
    sys.exit(errors.guarded(arguments, lambda: root.run(arguments)))


def _leave(text: str, code: int) -> None:
    """Print, flush and go: taking a small program apart in order costs more than running it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 141
    os._exit(code)
