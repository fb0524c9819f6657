"""The root of netops.yaml: its sections and what stands beside them."""

import os
from typing import Literal

from pydantic import Field

from netops.backup.settings import BackupSettings
from netops.core.settings import LocalPath, SecretRef, Section
from netops.inventory.settings import InventorySettings
from netops.records.settings import RecordSettings
from netops.topology.settings import TopologySettings


def _host_name() -> str:
    return os.uname().nodename


class SiteSettings(Section):
    """Who and where this is."""

    name: str = Field(
        default="My site",
        min_length=1,
        max_length=200,
        description="The name of the organisation or campus, for reports.",
        examples=["Example University, Network Centre"],
    )
    origin: str = Field(
        default_factory=_host_name,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$",
        description="Under which name this machine signs backups and journal (default: host name).",
        examples=["netops.example.org"],
    )
    language: Literal["en", "zh_Hant", "zh_Hans"] | None = Field(
        default=None,
        description="Language of labels and reports (default: as LANG says).",
        examples=["zh_Hant"],
    )


class StoreSettings(Section):
    """Where netops keeps its state."""

    postgresql: SecretRef | None = Field(
        default=None,
        description="Reference to a PostgreSQL address (postgresql://user:password@host/database); "
        "without it the state is one SQLite file in state_dir.",
        examples=["file:keys/postgresql.dsn"],
    )


class JournalSettings(Section):
    """The append-only record of what was done."""

    keep_days: int = Field(
        default=400,
        ge=180,
        le=36_500,
        description="How long entries are kept; laws commonly ask for six months at least.",
        examples=[400],
    )
    syslog: bool = Field(
        default=False,
        description="True to send every checkpoint of the journal to syslog as well.",
        examples=[True],
    )


class Config(Section):
    """Everything that netops.yaml and conf.d/*.yaml say."""

    site: SiteSettings = Field(
        default_factory=SiteSettings,
        description="Who and where this is.",
        examples=[{"name": "Example University"}],
    )
    state_dir: LocalPath = Field(
        default="state",
        description="Directory for state and journal; a relative one lies beside netops.yaml.",
        examples=["/var/lib/netops"],
    )
    store: StoreSettings = Field(
        default_factory=StoreSettings,
        description="SQLite or PostgreSQL for the state.",
        examples=[{"postgresql": "file:keys/postgresql.dsn"}],
    )
    journal: JournalSettings = Field(
        default_factory=JournalSettings,
        description="The append-only record of what was done.",
        examples=[{"keep_days": 400}],
    )
    inventory: InventorySettings = Field(
        default_factory=InventorySettings,
        description="Where the devices are listed.",
        examples=[{"files": ["inventory/*.yaml"]}],
    )
    backup: BackupSettings = Field(
        default_factory=BackupSettings,
        description="Repositories and backup jobs.",
        examples=[{"parallel": 2}],
    )
    topology: TopologySettings = Field(
        default_factory=TopologySettings,
        description="Discovery of the network, and the rules for what hangs on it.",
        examples=[{"every": "every 15m"}],
    )
    records: RecordSettings = Field(
        default_factory=RecordSettings,
        description="Who approves records, and what is in time.",
        examples=[{"approvers": {"wangfang": "Wang Fang"}}],
    )
