"""Whole months in UTC, the unit in which the journal forgets."""

from datetime import UTC, datetime, timedelta


def month_of(moment: datetime) -> str:
    """Return `2026-11`."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def end_of_month(month: str) -> datetime:
    """Return the moment at which `2026-11` is over; raise ValueError when that is no month."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return (first + timedelta(days=32)).replace(day=1)


def oldest_kept(now: datetime, keep_days: int) -> datetime:
    """Return the start of the oldest month that has to stay: every day in it, or it all stays."""
    limit = now.astimezone(UTC) - timedelta(days=keep_days)
    return limit.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
