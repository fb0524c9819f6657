"""The command line: parse, call one use case, print, exit."""

import gc
import os
import sys


def main() -> None:
    """Run the command line; monitoring's two questions are answered before typer loads."""
    arguments = sys.argv[1:]
    _prepare_streams()
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


def _prepare_streams() -> None:
    """Make sure that no state of the caller's streams turns good work into a failure."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller; its number must not go to a database
            handle = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(handle, "r" if name == "stdin" else "w"))
    if sys.stdout.errors == "strict" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # names need not fit the terminal


def _leave(text: str, code: int) -> None:
    """Print, flush and go: taking a small program apart in order costs more than running it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 141
    except OSError:
        code = code or 2
    os._exit(code)
