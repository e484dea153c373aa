"""Settings of this process under which a training step on the CPU takes less time: freed memory, and how threads wait.

Every step allocates and frees the same few hundred megabytes. By default glibc hands large blocks back to the
system and takes a page fault for each page of the next one.

Threads that share a product of matrices wait for each other at its end. By default they wait awake, for milliseconds;
when anything else runs on their cores, the one that is waited for does not. On two cores with one other busy process a
step of notebook 1's model takes 2.9 ms an example so, 1.0 when they go to sleep soon.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import sys

logger = logging.getLogger(__name__)

# Names and numbers of <malloc.h>; sizes in bytes.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_SETTINGS = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 256 << 20))
_TURNS_AWAKE = 1_000  # a few microseconds: threads that are on time still meet awake


def keep_freed_memory() -> bool:
    """Let this process keep what it frees; True where that is possible (Linux with glibc), else nothing changes.

    Source: mallopt(3).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    done = all(mallopt(name, value) == 1 for name, value in _SETTINGS)
    logger.debug("allocator keeps freed memory: %s", done)
    return done


def wait_asleep() -> bool:
    """Let torch's threads sleep while they wait for each other; True unless it is too late, torch being imported.

    Nothing changes where the environment says how threads wait. Source: libgomp's manual, GOMP_SPINCOUNT.
    """
    if "torch" in sys.modules:
        return False
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(_TURNS_AWAKE))
    return True
