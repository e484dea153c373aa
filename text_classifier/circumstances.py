"""Under what circumstances an output is made: the installed distributions, their lock, the hardware.

Facts beside an output: none enters its fingerprint, so that what one machine has made is reused on another.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
"""Beside the package in a checkout; elsewhere there is none."""

_NOT_LOCKED = frozenset({"pip", "setuptools", "text-classifier"})
_CPUINFO = Path("/proc/cpuinfo")
_GPUS = Path("/proc/driver/nvidia/gpus")  # read rather than asked of torch, whose import takes seconds


@cache
def circumstances() -> dict[str, str]:
    """Those of this process, as long as it lives. Measured: 0.1 s for 203 distributions, once.

    Returns:
        `environment`: SHA-256 over the sorted name==version of every installed distribution. `lock`: SHA-256 of
        requirements.lock, where all that is installed stands in it with its version; else "". `hardware`: processor,
        cores, threads of one computation and GPUs, in words.
    """
    installed = {f"{_normal(found.name)}=={found.version}" for found in distributions()}
    return {
        "environment": hashlib.sha256("\n".join(sorted(installed)).encode()).hexdigest(),
        "lock": lock_digest(installed, LOCK),
        "hardware": _hardware(),
    }


def lock_digest(installed: Iterable[str], lock: Path) -> str:
    """SHA-256 of the lock, where every `installed` name==version stands in it; else "".

    The build of a version (the +cpu of 2.13.0+cpu) is none of the lock's, nor are pip, setuptools and this package.
    """
    if not lock.is_file():
        return ""
    content = lock.read_bytes()
    pinned = {f"{_normal(name)}=={version}" for name, _, version in _pins(content.decode("utf-8"))}
    versions = {one.partition("+")[0] for one in installed if one.partition("==")[0] not in _NOT_LOCKED}
    return hashlib.sha256(content).hexdigest() if versions <= pinned else ""


def processor(cpuinfo: str) -> str:
    """Name, family and model of the first processor in the text of /proc/cpuinfo.

    The three together, because a hypervisor may show one name for processors that compute with other instructions.
    """
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.+?)\s*$", cpuinfo.partition("\n\n")[0], re.M))
    name = fields.get("model name", os.uname().machine)
    return f"{name} (family {fields['cpu family']}, model {fields['model']})" if "cpu family" in fields else name


def _pins(lock: str) -> list[tuple[str, str, str]]:
    return [line.strip().partition("==") for line in lock.splitlines() if "==" in line]


def _normal(name: str) -> str:
    """A distribution's name as indexes compare it. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _hardware() -> str:
    cores = os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0))
    named = processor(_CPUINFO.read_text("utf-8") if _CPUINFO.exists() else "")
    return ", ".join([named, f"{cores} cores", f"threads {threads}", *_gpus()])


def _gpus() -> list[str]:
    models = (re.search(r"^Model:\s*(.+?)\s*$", path.read_text("utf-8"), re.M) for path in _GPUS.glob("*/information"))
    names = sorted(found[1] for found in models if found)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return names if visible is None or not names else [*names, f"CUDA_VISIBLE_DEVICES={visible}"]
