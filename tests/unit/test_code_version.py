"""The code that a step uses is what its modules import, however far."""

import shutil
import sys
from pathlib import Path

import pytest

import text_classifier
from text_classifier import code_version
from text_classifier.code_version import code_digest, modules_used

STEPS = {
    "ingest": ("text_classifier.corpus.readers", "text_classifier.corpus.rows"),
    "validate": ("text_classifier.contract.data_sets",),
    "vocabulary": ("text_classifier.vocabulary.building",),
    "train": ("text_classifier.training.running",),
    "report": ("text_classifier.report.write",),
}


@pytest.mark.parametrize(
    ("step", "used", "not_used"),
    [
        ("ingest", "corpus.parsing", "training.networks"),
        ("validate", "contract.splits", "corpus.parsing"),
        ("vocabulary", "vocabulary.tokenizers", "training.networks"),
        ("train", "training.networks", "report.page"),
        ("train", "vocabulary.tokenizers", "evaluation.metrics"),
        ("report", "evaluation.metrics", "corpus.parsing"),
    ],
)
def test_a_step_uses_its_own_modules_and_those_that_they_import(step: str, used: str, not_used: str) -> None:
    modules = modules_used(*STEPS[step])
    assert f"text_classifier.{used}" in modules
    assert f"text_classifier.{not_used}" not in modules


@pytest.mark.parametrize("step", STEPS)
def test_words_of_errors_and_values_of_presets_are_no_code(step: str) -> None:
    assert not [name for name in modules_used(*STEPS[step]) if name.startswith(code_version._NOT_CODE)]


def test_an_unknown_module_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"text_classifier\.nothing"):
        code_digest("text_classifier.nothing")


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ("training/networks.py", {"train", "report"}),
        ("vocabulary/tokenizers.py", {"vocabulary", "train", "report"}),
        ("contract/splits.py", {"validate"}),
        ("corpus/parsing.py", {"ingest"}),
        ("report/page.css", {"report"}),
        ("config/presets.py", set()),
        ("storage.py", set(STEPS)),
    ],
)
def test_a_changed_file_changes_the_digest_of_the_steps_that_use_it(
    changed: str, steps: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "text_classifier"
    shutil.copytree(Path(text_classifier.__file__).parent, package)
    monkeypatch.setattr(sys.modules[code_version.__name__], "_PACKAGE_DIR", package)
    before = {step: code_digest(*modules) for step, modules in STEPS.items()}
    (package / changed).write_text((package / changed).read_text() + "\n")
    code_version._imported.cache_clear()
    after = {step: code_digest(*modules) for step, modules in STEPS.items()}
    assert {step for step in STEPS if before[step] != after[step]} == steps
