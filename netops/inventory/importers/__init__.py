"""Importers by name: what other programs know about devices, as inventory entries."""

from netops.core.registry import Registry
from netops.inventory.importers.base import Importer

#: Every importer by name; `netops.inventory_importers` is the entry-point group.
IMPORTERS: Registry[Importer] = Registry(
    "netops.inventory_importers",
    {
        "ansible": "netops.inventory.importers.ansible:AnsibleImporter",
        "csv": "netops.inventory.importers.sheets:SheetImporter",
        "librenms": "netops.inventory.importers.librenms:LibrenmsImporter",
        "netbox": "netops.inventory.importers.netbox:NetboxImporter",
        "nornir": "netops.inventory.importers.nornir:NornirImporter",
        "oxidized": "netops.inventory.importers.oxidized:OxidizedImporter",
    },
)
