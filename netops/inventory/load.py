"""Devices out of inventory files: read, checked, and with what they inherit filled in."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netops import __version__
from netops.core.bulk import no_collection
from netops.core.cache import FileCache
from netops.core.document import Document, Location, mistake, read_document
from netops.core.errors import ConfigError
from netops.inventory.kept import plain, revived
from netops.inventory.model import Device

if TYPE_CHECKING:
    from netops.inventory.settings import DeviceSettings, GroupSettings, TraitSettings

_TRAITS = ("kind", "role", "site", "platform", "owner", "snmp", "ssh")
_KINDS = ("defaults", "groups", "devices")
_FORMAT = 2

#: What lies behind a device, the nearest first: its name for `origins`, and its values.
_Layers = list[tuple[str, "TraitSettings"]]


class _Inherited(NamedTuple):
    """What a device takes over from its groups and the defaults."""

    values: dict[str, str]
    data: dict[str, Any]
    origins: dict[str, str]
    tags: set[str]
    #: The origins of devices by what those say themselves: most say the same, and share them.
    shared: dict[tuple[Any, ...], dict[str, str]]


def load_devices(
    patterns: Sequence[str], *, directory: Path, cache: Path | None = None
) -> list[Device]:
    """
    Return the devices in all files that match `patterns`, by name.

    Relative patterns start in `directory`, and files are named relative to it. A pattern that
    matches nothing is an empty inventory. What was read is kept in the file `cache` and used
    again while no file changed. Raises ConfigError with every mistake in every file.
    """
    with no_collection():
        if cache is None:
            return _read(patterns, directory)
        kept = FileCache(
            str(cache),
            lambda: [_FORMAT, __version__, str(directory), *patterns],
            lambda: matching_files(patterns, directory),
        )
        if (values := kept.read()) is not None:
            return revived(values)
        stamps = kept.stamps()
        devices = _read(patterns, directory)
        kept.write(plain(devices), stamps)
        return devices


def _read(patterns: Sequence[str], directory: Path) -> list[Device]:
    found: list[str] = []
    documents = list(_documents(matching_files(patterns, directory), directory, found))
    parts: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
    places: dict[Location, Document] = {}
    for document in documents:
        _collect(document, parts, places, found)
    groups: dict[str, GroupSettings] = parts["groups"]
    chains = _chains(groups, places, found)
    for name, device in parts["devices"].items():
        if not groups.keys() >= set(device.groups):
            place = ("devices", name, "groups")
            found.extend(_unknown_groups(device.groups, groups, places[place[:2]], place))
    if found:
        count = "a mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise ConfigError(f"the inventory has {count}", mistakes=found)
    defaults: _Layers = [("defaults", item) for item in parts["defaults"].values()]
    return list(_devices(parts["devices"], groups, chains, defaults))


def _devices(
    written: dict[str, "DeviceSettings"],
    groups: dict[str, "GroupSettings"],
    chains: dict[str, list[str]],
    defaults: _Layers,
) -> Iterator[Device]:
    # Most devices share their groups with many others: what they inherit is worked out once.
    known: dict[tuple[str, ...], tuple[tuple[str, ...], _Inherited]] = {}
    for name, device in sorted(written.items()):
        key = tuple(device.groups)
        if key not in known:
            names = tuple(dict.fromkeys(step for group in key for step in chains[group]))
            layers = [*((f"group {group}", groups[group]) for group in names), *defaults]
            known[key] = names, _inherited(layers)
        names, inherited = known[key]
        yield _device(name, device, inherited, names)


def matching_files(patterns: Iterable[str], directory: Path) -> list[Path]:
    """Return the files that match, each once, sorted."""
    names = {name for pattern in patterns for name in glob.glob(str(directory / pattern))}  # noqa: PTH207 # absolute patterns
    return [Path(name) for name in sorted(names)]


def _documents(paths: list[Path], directory: Path, found: list[str]) -> Iterator[Document]:
    for path in paths:
        label = str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)
        try:
            yield read_document(path, label=label, plainly=True)
        except ConfigError as error:
            found.extend(error.mistakes or [f"{label}:1: {error}"])


def _collect(
    document: Document,
    parts: dict[str, dict[str, Any]],
    places: dict[Location, Document],
    found: list[str],
) -> None:
    """Add what `document` says to `parts`; what another file said already is a mistake."""
    from netops.core.settings import checked, literal_secrets
    from netops.inventory.settings import InventoryFile

    content, wrong = checked(InventoryFile, document.data, document)
    found.extend(wrong)
    if content is None:
        return
    values: dict[str, dict[str, Any]] = {"groups": content.groups, "devices": content.devices}
    values["defaults"] = {"": content.defaults} if "defaults" in document.data else {}
    for kind, named in values.items():
        for name, value in named.items():
            place = (kind, name) if name else (kind,)
            if first := places.get(place):
                text = f"given twice, first in {first.where(place)}"
                found.append(mistake(document, place, text))
                continue
            places[place] = document
            parts[kind][name] = value
            if value.data:
                for secret in literal_secrets(value.data, (*place, "data")):
                    text = "a secret is given by reference, such as file:keys/NAME or env:NAME"
                    found.append(mistake(document, secret, text))


def _unknown_groups(
    names: list[str], groups: dict[str, "GroupSettings"], document: Document, place: Location
) -> Iterator[str]:
    for index, name in enumerate(names):
        if name not in groups:
            from netops.core.settings import did_you_mean

            near = did_you_mean(name, list(groups))
            yield mistake(document, (*place, index), f"no group is called '{name}'{near}")


def _chains(
    groups: dict[str, "GroupSettings"], places: dict[Location, Document], found: list[str]
) -> dict[str, list[str]]:
    """Return for each group itself and the groups behind it, the nearest first."""
    chains: dict[str, list[str]] = {}
    for name, group in groups.items():
        place = ("groups", name, "groups")
        document = places[place[:2]]
        found.extend(_unknown_groups(group.groups, groups, document, place))
        chain = chains[name] = _behind(name, groups)
        if any(name in groups[other].groups for other in chain if other in groups):
            found.append(mistake(document, place, f"the group '{name}' builds on itself"))
    return chains


def _behind(name: str, groups: dict[str, "GroupSettings"]) -> list[str]:
    chain: dict[str, None] = {}
    pending = [name]
    while pending:
        current = pending.pop(0)
        if current not in chain:
            chain[current] = None
            pending = [*(groups[current].groups if current in groups else ()), *pending]
    return list(chain)


def _inherited(layers: _Layers) -> _Inherited:
    """Return what the layers give: of each value the nearest decides, tags add up, data merges."""
    found = _Inherited({}, {}, {}, set(), {})
    for origin, layer in layers:
        for field in _TRAITS:
            if (value := getattr(layer, field)) is not None and field not in found.values:
                found.values[field] = value
                found.origins[field] = origin
        for key, value in layer.data.items():
            if key not in found.data:
                found.data[key] = value
                found.origins[f"data.{key}"] = origin
        found.tags.update(layer.tags)
    return found


def _device(
    name: str, written: "DeviceSettings", inherited: _Inherited, groups: tuple[str, ...]
) -> Device:
    """Return the device: what is written of it counts more than what it inherits."""
    said = vars(written)
    own = [field for field in _TRAITS if said[field] is not None]
    data: dict[str, Any] = said["data"]
    key = (not said["host"], *own, None, *data)  # None parts what would run together
    if (origins := inherited.shared.get(key)) is None:
        origins = inherited.shared[key] = _origins(written, inherited, own)
    return Device(
        name=name,
        host=said["host"] or name,
        groups=groups,
        tags=frozenset((*inherited.tags, *said["tags"])),
        data={**data, **inherited.data, **data} if inherited.data else data,
        origins=origins,
        **inherited.values | {field: said[field] for field in own},
    )


def _origins(
    written: "DeviceSettings", inherited: _Inherited, own: Sequence[str]
) -> dict[str, str]:
    return {
        "host": "device" if written.host else "name",
        **inherited.origins,
        **dict.fromkeys(own, "device"),
        **{f"data.{key}": "device" for key in written.data},
    }
