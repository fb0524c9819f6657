"""After a kill: what was uploaded is found again, and only dead locks are taken away."""

import signal
import subprocess
import time
from pathlib import Path

from tests.cheap_key import make_cheap
from tests.servers.places import PASSWORD, SmallSite, have_restic

SIZE_BYTES = 60_000_000
TOTAL_BYTES = SIZE_BYTES * 4 // 3  # of both large files


def stored(repository: Path) -> int:
    """Return the bytes of complete packs."""
    packs = (repository / "data").glob("*/*")
    return sum(pack.stat().st_size for pack in packs if len(pack.name) == 64)


def locks(repository: Path) -> list[Path]:
    """Return the locks that are written completely."""
    return [path for path in (repository / "locks").iterdir() if len(path.name) == 64]


def test_data_uploaded_before_a_kill_is_not_uploaded_again(tmp_path: Path) -> None:
    have_restic()
    site = SmallSite(tmp_path / "site")
    site.fill(SIZE_BYTES)
    site.repositories["main"]["limit_upload"] = "15MB"
    site.write()
    site.init()
    run = site.start("backup", "run")
    ends_at_s = time.monotonic() + 120
    while stored(site.main) < 0.6 * TOTAL_BYTES:
        assert time.monotonic() < ends_at_s
        assert run.poll() is None, "it must be killed before it is done"
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    time.sleep(2)  # restic hears of it by a signal
    assert site.status()["main"]["status"] == "CRITICAL"
    before = stored(site.main)
    del site.repositories["main"]["limit_upload"]
    site.write()
    result = site.result("backup", "run")
    assert result["status"] == "OK"
    assert result["bytes_added"] < 0.5 * TOTAL_BYTES
    assert stored(site.main) < before + 0.5 * TOTAL_BYTES
    assert site.result("backup", "verify", "main", "--read-data")["status"] == "OK"


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
