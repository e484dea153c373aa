"""What a manifest says of environment, lock and hardware is true, or it says nothing."""

import hashlib
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from text_classifier import storage
from text_classifier.circumstances import circumstances, lock_digest, processor

LOCK = "numpy==2.3.1\ntorch==2.13.0\n"
EPYC = "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: fpu\n"


@pytest.mark.parametrize(
    ("installed", "is_locked"),
    [
        ({"numpy==2.3.1", "torch==2.13.0"}, True),
        ({"numpy==2.3.1", "torch==2.13.0+cpu", "pip==25.0", "text-classifier==0.1.0"}, True),
        ({"numpy==2.3.1"}, True),
        ({"numpy==2.3.2", "torch==2.13.0"}, False),
        ({"numpy==2.3.1", "stray==1.0"}, False),
    ],
)
def test_the_lock_is_named_where_all_that_is_installed_stands_in_it(
    installed: set[str], is_locked: bool, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK, "utf-8")
    expected = hashlib.sha256(LOCK.encode()).hexdigest() if is_locked else ""
    assert lock_digest(installed, lock) == expected


def test_names_are_compared_as_indexes_compare_them(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("Typing_Extensions==4.1\n", "utf-8")
    assert lock_digest({"typing-extensions==4.1"}, lock)


def test_without_a_lock_none_is_named(tmp_path: Path) -> None:
    assert lock_digest({"numpy==2.3.1"}, tmp_path / "requirements.lock") == ""


def test_a_processor_is_told_by_name_family_and_model() -> None:
    assert processor(EPYC + "\n" + EPYC) == "AMD EPYC (family 26, model 2)"
    assert processor("") == os.uname().machine


def test_another_process_on_this_machine_has_the_same_circumstances() -> None:
    code = "from text_classifier.circumstances import circumstances; print(circumstances())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert ended.stdout.strip() == str(circumstances())


def test_circumstances_are_no_part_of_a_fingerprint_and_stay_those_of_the_making(tmp_path: Path) -> None:
    planned = storage.plan("a", inputs={}, parameters={}, modules=())
    written = storage.write_manifest(tmp_path, planned, {})
    assert written.made_with == circumstances()
    assert storage.fingerprint_of(written) == planned.fingerprint
    elsewhere = storage.Manifest(**{**asdict(written), "made_with": {"hardware": "an abacus"}})
    assert storage.write_manifest(tmp_path, elsewhere, {}).made_with == {"hardware": "an abacus"}


def test_a_manifest_from_before_is_read_and_gets_no_circumstances_of_today(tmp_path: Path) -> None:
    planned = storage.plan("a", inputs={}, parameters={}, modules=())
    written = asdict(storage.write_manifest(tmp_path, planned, {}))
    del written["made_with"]
    old = storage.Manifest(**written)
    assert storage.write_manifest(tmp_path, old, {}).made_with == {}
