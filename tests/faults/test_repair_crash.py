"""After a kill: only dead locks are taken away."""

import subprocess
import time
from pathlib import Path

from tests.cheap_key import make_cheap
from tests.servers.places import PASSWORD, SmallSite, have_restic


def locks(repository: Path) -> list[Path]:
    """Return the locks that are written completely."""
    return [path for path in (repository / "locks").iterdir() if len(path.name) == 64]


def test_a_lock_is_only_taken_from_the_dead(tmp_path: Path) -> None:
    have_restic()
    site = SmallSite(tmp_path / "site")
    site.fill()
    site.json("backup", "init")
    make_cheap(site.main, PASSWORD)
    # A backup from a pipe holds its lock until the pipe ends.
    env = site.environment({"RESTIC_PASSWORD": PASSWORD})
    base = ["restic", "--repo", str(site.main), "--no-cache"]
    with subprocess.Popen(
        [*base, "backup", "--stdin"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as living:
        ends_at_s = time.monotonic() + 30
        while not (found := locks(site.main)):
            assert time.monotonic() < ends_at_s
            time.sleep(0.05)
        (lock,) = found
        assert site.netops("backup", "unlock", "main").returncode == 0
        assert lock.exists(), "its process lives"
        result = site.result("backup", "verify", "main", code=None)
        assert result["error"]["code"] == "locked"
        living.kill()
    assert lock.exists()
    assert site.netops("backup", "unlock", "main").returncode == 0
    assert not lock.exists(), "its process is dead"
    assert site.result("backup", "run")["status"] == "OK"
