"""resticpy's modules import each other in circles; threads that need them at once must not lock up."""

import subprocess
import sys

PROGRAM = """
import threading
from netops.backup.restic.simple import _library
errors = []
def load(name):
    try:
        _library(name)
    except Exception as error:
        errors.append(repr(error))
names = ("internal.snapshots", "internal.cat", "internal.unlock", "errors") * 4
threads = [threading.Thread(target=load, args=(name,)) for name in names]
[thread.start() for thread in threads]
[thread.join(20) for thread in threads]
raise SystemExit("; ".join(errors) or None)
"""


def test_threads_that_need_the_library_at_once_all_get_it() -> None:
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
