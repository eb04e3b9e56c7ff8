"""Runs a program and writes its cost: seconds, the peak of its resident memory in KiB, and milliseconds of CPU.

The kernel counts the parent's memory for a child that was forked from it, so that a large test
process cannot measure a small program; this parent is small.
"""

import os
import sys
import time

out, *argv = sys.argv[1:]
started = time.monotonic()
child = os.posix_spawn(argv[0], argv, os.environ)
_, status, usage = os.wait4(child, 0)
with open(out, "w") as file:
    cpu = 1000 * (usage.ru_utime + usage.ru_stime)
    file.write(f"{time.monotonic() - started:.2f} {usage.ru_maxrss} {cpu:.1f}")
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
