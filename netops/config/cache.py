"""The checked configuration kept as JSON, and which files it is made of."""

import os
from pathlib import Path
from typing import Any

from netops import __version__
from netops.core.cache import FileCache
from netops.core.errors import ConfigError

_FORMAT = 2


class Cache(FileCache):
    """`.cache/config.json` beside the netops.yaml at `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.parent}/.cache/config.json", _marks, lambda: [path, *parts(path)])


def _marks() -> list[Any]:
    # The host name is the default of site.origin.
    return [_FORMAT, __version__, os.uname().nodename]


def parts(path: Path) -> list[Path]:
    """Return conf.d/*.yaml beside `path`, in the order in which they are read."""
    directory = path.parent / "conf.d"
    try:
        names = os.listdir(directory)  # noqa: PTH208 # hot path
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{directory} cannot be listed: {error.strerror}") from None
    wanted = (name for name in names if name.endswith(".yaml") and not name.startswith("."))
    return [directory / name for name in sorted(wanted)]
