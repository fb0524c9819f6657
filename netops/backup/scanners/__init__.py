"""How files are checked for malware before they are kept."""

from typing import TYPE_CHECKING

from netops.core.registry import Registry

if TYPE_CHECKING:
    from netops.backup.scanners.base import Scanner

scanners: "Registry[Scanner]" = Registry(
    "netops.scanners", {"clamav": "netops.backup.scanners.clamav:ClamavScanner"}
)
