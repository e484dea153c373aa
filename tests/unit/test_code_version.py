"""The code that a step uses is what its modules import, however far."""

import shutil
from pathlib import Path

import pytest

import text_classifier
from text_classifier.code_version import NOT_CODE, SourceTree, code_digest

STEPS = {
    "ingest": ("text_classifier.corpus.readers", "text_classifier.corpus.rows"),
    "validate": ("text_classifier.contract.applied.data_sets",),
    "vocabulary": ("text_classifier.vocabulary.building",),
    "train": ("text_classifier.training.running",),
    "signal": ("text_classifier.baselines.signal",),
    "baselines": ("text_classifier.baselines.fitting",),
    "evaluate": ("text_classifier.evaluation.judging",),
    "report": ("text_classifier.report.write",),
}
PACKAGE_DIR = Path(text_classifier.__file__).parent
SOURCE = SourceTree(PACKAGE_DIR)


@pytest.mark.parametrize(
    ("step", "used", "not_used"),
    [
        ("ingest", "corpus.delimited.parsing", "training.networks"),
        ("validate", "contract.splits", "corpus.delimited.parsing"),
        ("vocabulary", "vocabulary.tokenizers", "training.networks"),
        ("train", "training.networks", "report.page"),
        ("train", "vocabulary.tokenizers", "evaluation.metrics"),
        ("signal", "baselines.shuffling", "evaluation.metrics"),
        ("baselines", "baselines.learners", "evaluation.metrics"),
        ("evaluate", "evaluation.metrics", "report.page"),
        ("report", "report.page", "corpus.delimited.parsing"),
    ],
)
def test_a_step_uses_its_own_modules_and_those_that_they_import(step: str, used: str, not_used: str) -> None:
    modules = SOURCE.used(*STEPS[step])
    assert f"text_classifier.{used}" in modules
    assert f"text_classifier.{not_used}" not in modules


@pytest.mark.parametrize("step", STEPS)
def test_words_of_errors_and_values_of_presets_are_no_code(step: str) -> None:
    assert not NOT_CODE & {name.split(".")[1] for name in SOURCE.used(*STEPS[step]) if "." in name}


def test_an_unknown_module_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"text_classifier\.nothing"):
        code_digest("text_classifier.nothing")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package that may be changed."""
    return Path(shutil.copytree(PACKAGE_DIR, tmp_path / "text_classifier"))


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ("training/networks.py", {"train", "evaluate", "report"}),
        ("training/kernel/lstm.c", {"train", "evaluate", "report"}),
        ("vocabulary/tokenizers.py", set(STEPS) - {"ingest", "validate"}),
        ("contract/splits.py", {"validate", "evaluate"}),
        ("baselines/shuffling.py", {"signal", "evaluate", "report"}),
        ("corpus/delimited/parsing.py", {"ingest"}),
        ("report/page.css", {"report"}),
        ("config/presets.py", set()),
        ("errors.py", set()),
        ("storage.py", set(STEPS)),
    ],
)
def test_a_changed_file_changes_the_digest_of_the_steps_that_use_it(
    package: Path, changed: str, steps: set[str]
) -> None:
    before = SourceTree(package)
    (package / changed).write_text((package / changed).read_text() + "\n")
    after = SourceTree(package)
    assert {step for step in STEPS if before.digest(*STEPS[step]) != after.digest(*STEPS[step])} == steps


def test_the_digest_is_that_of_the_code_as_it_was_loaded(package: Path) -> None:
    loaded = SourceTree(package)
    before = loaded.digest(*STEPS["train"])
    (package / "training/networks.py").write_text("")
    assert loaded.digest(*STEPS["train"]) == before


def test_an_editor_s_leavings_are_no_code(package: Path) -> None:
    before = SourceTree(package).digest(*STEPS["train"])
    (package / "training/.running.py.swp").write_text("x")
    assert SourceTree(package).digest(*STEPS["train"]) == before
