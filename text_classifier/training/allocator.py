"""Settings of glibc's allocator under which a training step on the CPU takes less time.

Every step allocates and frees the same few hundred megabytes. By default glibc hands large blocks back to the
system and takes a page fault for each page of the next one.
"""

from __future__ import annotations

import ctypes
import logging
import platform

logger = logging.getLogger(__name__)

# Names and numbers of <malloc.h>; sizes in bytes.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_SETTINGS = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 256 << 20))


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
