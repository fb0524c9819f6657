"""From the checked `backup:` section to the plan: plain values in, frozen dataclasses out."""

from collections.abc import Mapping
from typing import Any

from netops.backup.model import (
    ACCESS_LOG,
    AlarmLimits,
    BackupPlan,
    Job,
    Keeping,
    Kind,
    Repository,
    Retention,
    Scan,
    Source,
    Ssh,
    Verification,
)
from netops.backup.watch import check_names
from netops.core.errors import UsageError

#: Six months: how long records of access have to be kept.
ACCESS_LOG_DAYS = 180
_ACCESS_LOG = {"access-log", "access-logs"}

_SCANNER_OPTIONS = ("socket", "database", "max_signature_age", "max_file_size")


def backup_plan(data: Mapping[str, Any]) -> BackupPlan:
    """Return the plan; `data` has passed the configuration check."""
    handover = data.get("handover") or {}
    return BackupPlan(
        {name: _repository(name, row) for name, row in data.get("repositories", {}).items()},
        {name: _job(name, row) for name, row in data.get("jobs", {}).items()},
        int(data.get("parallel", 2)),
        data.get("forget") or "daily",
        data.get("prune") or "weekly",
        handover_within_s=float(handover.get("confirm_within") or 7 * 86_400),
        handover_needs_two_accounts=bool(handover.get("two_accounts")),
    )


def _repository(name: str, row: Mapping[str, Any]) -> Repository:
    return Repository(
        name,
        row["location"],
        row["password"],
        dict(row.get("environment") or {}),
        float(row.get("deadline") or 6 * 3600),
        float(row.get("connect_timeout") or 20),
        row.get("limit_upload"),
        float(row.get("stall_timeout") or 1800),
        Verification(**(row.get("verify") or {})),
        Ssh(**(row.get("ssh") or {})),
        _keeping(row.get("custody") or {}),
        append_only=bool(row.get("append_only")),
        prune_location=row.get("prune_location"),
        prune_password=row.get("prune_password"),
        prune_environment=row.get("prune_environment"),
    )


def _keeping(row: Mapping[str, Any]) -> Keeping:
    return Keeping(
        row.get("place") or "",
        row.get("address") or "",
        row.get("kind") or "other",
        row.get("custodian") or "",
        tuple(row.get("protection") or ()),
    )


def _job(name: str, row: Mapping[str, Any]) -> Job:
    policy = row.get("policy") or {}
    return Job(
        name,
        tuple(_source(entry) for entry in row["sources"]),
        row["repository"],
        tuple(row.get("offsite") or ()),
        tuple(row.get("exclude") or ()),
        bool(row.get("one_file_system")),
        {kind: policy[kind.value] for kind in Kind if policy.get(kind.value)},
        policy.get("turn_s"),
        row.get("max_age"),
        float(row.get("deadline") or 12 * 3600),
        row.get("owner") or "",
        row.get("department") or "",
        row.get("custodian") or "",
        row.get("data_class") or row.get("class") or _natural_class(row),
        row.get("description") or "",
        alarm=_limits(row.get("alarm") or {}),
        protects=tuple(row.get("protects") or ()),
        retention=_retention(row),
        scan=_scan(row.get("scan")),
        on_changing=row.get("on_changing") or "remark",
    )


def _limits(row: Mapping[str, Any]) -> AlarmLimits:
    return AlarmLimits(
        bool(row.get("enabled", True)),
        row.get("rewritten_percent", 50) / 100,
        row.get("removed_percent", 50) / 100,
        row.get("encrypted_percent", 10) / 100,
        row.get("min_files", 10),
    )


def _retention(row: Mapping[str, Any]) -> Retention:
    values = dict(row.get("retention") or {})
    least = ACCESS_LOG_DAYS if is_access_log(row) else 0
    values["min_days"] = max(values.get("min_days") or 0, least)
    return Retention(**values)


def is_access_log(row: Mapping[str, Any]) -> bool:
    """Tell whether a job's rows in netops.yaml say that it keeps access logs."""
    name = str(row.get("data_class") or row.get("class") or "").casefold()
    if row.get("access_log") or _natural_class(row):
        return True  # a class in other words does not shorten what the law asks for
    return "-".join(name.replace("_", " ").split()) in _ACCESS_LOG


def _scan(row: Mapping[str, Any] | None) -> Scan | None:
    if row is None:
        return None
    return Scan(
        row["engine"],
        row["on_infected"],
        row.get("quarantine"),
        row["on_missing"],
        bool(row.get("full")),
        float(row["deadline"]),
        {name: row.get(name) for name in _SCANNER_OPTIONS},
    )


def _natural_class(row: Mapping[str, Any]) -> str:
    """Return the class of a job that names none; retention keeps access logs half a year."""
    entries = row.get("sources")
    # As checked, or as written: `{engine: logs, …}` or `{logs: …}`.
    collects = (
        isinstance(entry, Mapping) and (entry.get("engine") == "logs" or "logs" in entry)
        for entry in (entries if isinstance(entries, list) else [])
    )
    return ACCESS_LOG if any(collects) else ""


def _source(entry: Mapping[str, Any]) -> Source:
    return Source(entry["engine"], {"path": entry.get("path"), **(entry.get("options") or {})})


def chosen_jobs(plan: BackupPlan, names: list[str]) -> list[Job]:
    """Return the named jobs, all when none is named; raise UsageError for an unknown one."""
    check_names(plan.jobs, names)
    return [plan.jobs[name] for name in (names or plan.jobs)]


def chosen_repositories(plan: BackupPlan, names: list[str]) -> list[Repository]:
    """Return the named repositories, all when none is named; raise UsageError for an unknown one."""
    unknown = [name for name in names if name not in plan.repositories]
    if unknown:
        raise UsageError(
            f"there is no repository {', '.join(map(repr, unknown))}",
            hint=f"repositories in netops.yaml: {', '.join(plan.repositories) or 'none'}",
        )
    return [plan.repositories[name] for name in (names or plan.repositories)]
