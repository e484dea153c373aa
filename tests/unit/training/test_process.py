import os
import subprocess
import sys

import torch

from text_classifier.training.process import keep_freed_memory, wait_asleep

ASKED = """
import os
from text_classifier.training.process import wait_asleep
print(wait_asleep(), os.getenv("GOMP_SPINCOUNT"))
"""


def answered(**environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    return subprocess.run(
        [sys.executable, "-c", ASKED], env=kept | environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_torch_computes_on_after_the_allocator_was_set() -> None:
    for _ in range(2):
        keep_freed_memory()
        assert torch.ones(1_000, 1_000).sum() == 1_000_000


def test_threads_are_told_to_sleep_before_torch_is_imported() -> None:
    assert answered() == "True 1000"


def test_what_the_environment_says_of_waiting_stands() -> None:
    assert answered(GOMP_SPINCOUNT="7") == "True 7"
    assert answered(OMP_WAIT_POLICY="active") == "True None"


def test_it_is_too_late_once_torch_is_there() -> None:
    assert not wait_asleep()
