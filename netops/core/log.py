"""Logging to stderr with secrets masked; reports and tables are not logging."""

import logging
import sys

from netops.core.redact import redact


class _Masked(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def to_stderr(level: int) -> None:
    """Send records of `level` and above to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
