"""netops.yaml and conf.d/*.yaml as one checked whole, cheap to load when nothing changed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.config.cache import Cache
from netops.core.errors import ConfigError

if TYPE_CHECKING:
    from netops.config.settings import Config

__all__ = ["load", "schema", "show", "validate"]


def load(path: Path) -> dict[str, Any]:
    """
    Return the checked configuration as plain values, all paths absolute.

    Keys are those of netops.yaml (`class`, not `data_class`), with every default filled in;
    durations are seconds, sizes bytes, secrets references; `directory` is where netops.yaml
    stands. Raises ConfigError with every mistake in every file.
    """
    path = _existing(path)
    cache = Cache(path)
    if (cached := cache.read()) is not None:
        return cached
    stamps = cache.stamps()
    config = validate(path)
    values = _plain(config, path)
    cache.write(values, stamps)
    return values


def validate(path: Path) -> "Config":
    """Return the configuration, checked anew; raise ConfigError with every mistake."""
    from netops.config.check import check

    return check(_existing(path))


def show(path: Path) -> dict[str, Any]:
    """Return the effective values, checked anew; secrets stay references."""
    path = _existing(path)
    return _plain(validate(path), path)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of netops.yaml."""
    from netops.config.settings import Config

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(by_alias=True),
        "title": "netops.yaml",
    }


def _plain(config: "Config", path: Path) -> dict[str, Any]:
    values: dict[str, Any] = config.model_dump(mode="json", by_alias=True)
    return {"directory": str(path.parent), **values}


def _existing(path: Path) -> Path:
    path = path.absolute()
    try:
        path.stat()
    except FileNotFoundError:
        hint = f"netops init {path.parent} writes a first one"
        raise ConfigError(f"{path} does not exist", hint=hint) from None
    except ValueError:
        raise ConfigError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigError(f"{path} cannot be read: {reason}", hint="check the path") from None
    return path
