"""How long to leave a failing job alone: long enough to do no harm, short enough to recover."""

_CAP_S = 3600.0
_DAY_S = 86_400.0


def backoff_s(cadence_s: float, failures: int) -> float:
    """
    Return the seconds from one failed start to the next.

    Never less than the cadence, doubled with each failure up to an hour; but a job that runs
    once a week or a month is tried again the next day.
    """
    doubled_s = cadence_s * 2.0 ** min(failures - 1, 20)
    return min(doubled_s, max(cadence_s, _CAP_S), _DAY_S)
