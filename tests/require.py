"""Real parts that tests need: absent ones skip with a reason, unless CI demands them."""

import os
import shutil

import pytest


def need(*programs: str, path: str | None = None) -> None:
    """Skip unless every program is installed; fail instead when NETOPS_TEST_REQUIRE names it."""
    required = os.environ.get("NETOPS_TEST_REQUIRE", "")
    for program in programs:
        if shutil.which(program, path=path) is None:
            unavailable(program, f"{program} is not installed", required)


def unavailable(part: str, reason: str, required: str | None = None) -> None:
    """Skip the test for want of `part`, or fail where that part is demanded."""
    demanded = os.environ.get("NETOPS_TEST_REQUIRE", "") if required is None else required
    if demanded == "all" or part in demanded.split(","):
        pytest.fail(f"NETOPS_TEST_REQUIRE demands {part}: {reason}")
    pytest.skip(reason)
