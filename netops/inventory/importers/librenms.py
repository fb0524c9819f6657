"""LibreNMS: `/api/v0/devices` as JSON, or its devices as CSV."""

from pathlib import Path

from netops.core.errors import ConfigError
from netops.inventory.importers.base import Draft, Traits, Wishes, is_secret, kind_of
from netops.inventory.importers.export import records, word

_DATA = {"serial": "serial", "hardware": "model", "version": "software", "location": "location",
    "sysname": "sys_name"}  # fmt: skip


class LibrenmsImporter:
    """LibreNMS exports."""

    traits = Traits("LibreNMS devices, JSON of its API or CSV")

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return the devices; communities and SNMPv3 passwords stay where they are."""
        del wishes
        draft = Draft()
        for where, record in records(file, "devices"):
            draft.secrets += [
                f"{where}: {key}"
                for key, value in record.items()
                if is_secret(key, value) or (key in {"authpass", "cryptopass"} and value)
            ]
            host = word(record, "overwrite_ip", "ip", "hostname", "device")
            kind = word(record, "type")
            data = {ours: word(record, theirs) for theirs, ours in _DATA.items()}
            draft.add(
                word(record, "display", "sysname", "hostname", "device"),
                where,
                {
                    "host": host,
                    "platform": word(record, "os"),
                    "kind": kind_of(kind),
                    "role": word(record, "purpose"),
                    "data": data,
                },
                label=word(record, "hostname"),
            )
        if not draft.devices and not draft.mistakes:
            raise ConfigError(f"{file} has no devices", hint="export them from /api/v0/devices")
        return draft
