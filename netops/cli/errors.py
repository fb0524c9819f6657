"""From errors to messages and exit codes: the one place."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from netops.core.errors import NetopsError, from_os
from netops.core.redact import redact

T = TypeVar("T")


def guarded(arguments: Sequence[str], answer: Callable[[], T]) -> T | int:
    """Return what `answer` returns, or print its error and return the error's exit code."""
    try:
        result = answer()
        sys.stdout.flush()
    except NetopsError as error:
        report(error, as_json="--json" in arguments)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_output()  # the reader went away (`| head`)
        return 141
    except OSError as error:
        if "--debug" in arguments:
            raise
        refusal = from_os(error)
        _drop_output()
        report(refusal, as_json="--json" in arguments)
        return refusal.exit_code
    except Exception as error:  # the last boundary: people get a sentence, --debug the traceback
        if "--debug" in arguments:
            raise
        defect = NetopsError(
            f"internal error: {type(error).__name__}: {error}",
            hint="this is a defect of netops; run again with --debug and report the traceback",
        )
        report(defect, as_json="--json" in arguments)
        return defect.exit_code
    return result


def _drop_output() -> None:
    """Lose what stdout will not take, or Python complains about it once more at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(error: NetopsError, *, as_json: bool) -> None:
    """Print an error on stderr: one line and a hint, or an object."""
    if as_json:
        import json

        sys.stderr.write(redact(json.dumps({"error": error.as_dict()}, ensure_ascii=False)) + "\n")
        return
    sys.stderr.write(printable(f"netops: {error.code}: {error}") + "\n")
    if error.hint:
        sys.stderr.write(printable(f"hint: {error.hint}") + "\n")


def printable(text: str) -> str:
    """Return text that no terminal takes as a command, secrets masked."""
    return "".join(
        char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in redact(text)
    )
