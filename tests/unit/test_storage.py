import errno
import json
import os
from pathlib import Path

import pytest

from text_classifier import storage
from text_classifier.errors import DamagedOutputError, OutputUnwritableError
from text_classifier.storage import Manifest


def planned(**parameters: object) -> Manifest:
    return storage.plan(
        "kind", inputs={"source": "ab" * 32}, parameters=parameters, modules=("text_classifier.errors",)
    )


def write_example(folder: Path, text: str = "content") -> None:
    facts: dict[str, object] = {}
    with storage.output_folder(folder, planned(), facts) as partial:
        (partial / "sub").mkdir()
        (partial / "sub" / "file.txt").write_text(text, "utf-8")
        facts["rows"] = 1


def test_a_folder_appears_with_its_manifest(tmp_path: Path) -> None:
    write_example(tmp_path / "out")
    manifest = storage.verify(tmp_path / "out")
    assert manifest.outputs == {"sub/file.txt": {"sha256": storage.sha256_text("content"), "bytes": 7}}
    assert manifest.facts == {"rows": 1}
    assert manifest.inputs == {"source": "ab" * 32}


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), storage.output_folder(tmp_path / "out", planned(), {}) as partial:
        (partial / "file.txt").write_text("half", "utf-8")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old", "utf-8")
    with pytest.raises(RuntimeError), storage.output_file(path) as partial:
        partial.write_text("half", "utf-8")
        raise RuntimeError
    assert [file.read_text("utf-8") for file in tmp_path.iterdir()] == ["old"]


def test_a_second_writing_replaces_the_first(tmp_path: Path) -> None:
    write_example(tmp_path / "out", "first")
    write_example(tmp_path / "out", "second")
    assert (tmp_path / "out" / "sub" / "file.txt").read_text("utf-8") == "second"
    storage.verify(tmp_path / "out")


def test_the_fingerprint_depends_on_parameters_and_not_on_their_order() -> None:
    assert planned(a=1, b=2).fingerprint == planned(b=2, a=1).fingerprint
    assert planned(a=1, b=2).fingerprint != planned(a=1, b=3).fingerprint


@pytest.mark.parametrize("damage", ["changed", "missing", "manifest cut", "manifest missing"])
def test_damage_is_found_and_never_reused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "out"
    write_example(folder)
    assert storage.is_reusable(folder, planned())
    file, manifest = folder / "sub" / "file.txt", folder / storage.MANIFEST
    {
        "changed": lambda: file.write_text("contenT", "utf-8"),
        "missing": file.unlink,
        "manifest cut": lambda: manifest.write_text(manifest.read_text("utf-8")[:50], "utf-8"),
        "manifest missing": manifest.unlink,
    }[damage]()
    assert not storage.is_reusable(folder, planned())
    with pytest.raises(DamagedOutputError, match=r"refresh=true"):
        storage.verify(folder)


def test_another_fingerprint_is_not_reused(tmp_path: Path) -> None:
    write_example(tmp_path / "out")
    assert not storage.is_reusable(tmp_path / "out", planned(changed=True))


def test_a_full_disk_is_told_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritableError, match=r"No space left.*free space"):
        with storage.output_folder(tmp_path / "out", planned(), {}) as partial:
            (partial / "file.txt").write_text("half", "utf-8")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_to_read_something_else_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError), storage.output_file(tmp_path / "root" / "out.txt"):
        (Path("/dev/null") / "source.csv").read_bytes()


def test_a_folder_that_somebody_else_made_meanwhile_stays_whole(tmp_path: Path) -> None:
    with storage.output_folder(tmp_path / "out", planned(), {}) as partial:
        (partial / "file.txt").write_text("mine", "utf-8")
        write_example(tmp_path / "out", "theirs")
    storage.verify(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_device_without_space_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritableError, match="No space left"):
        with storage.writing(tmp_path), Path("/dev/full").open("wb", buffering=0) as stream:
            stream.write(b"x")


def test_a_data_root_that_is_a_file_is_told_in_words(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.write_text("", "utf-8")
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        write_example(root / "out")


def test_the_manifest_is_plain_json(tmp_path: Path) -> None:
    write_example(tmp_path / "out")
    assert json.loads((tmp_path / "out" / storage.MANIFEST).read_text("utf-8"))["kind"] == "kind"
