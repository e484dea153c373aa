"""What a new delivery is compared with: the champion, and the data set that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from text_classifier import storage
from text_classifier.champion import champion_dir, champion_run, read_ledger
from text_classifier.errors import DamagedOutputError
from text_classifier.training.model_folder import CONFIG_FILE, read_config
from text_classifier.vocabulary import VOCABULARY_FILE, Vocabulary


@dataclass(frozen=True, slots=True)
class Reference:
    """The champion's run and vocabulary, its fingerprint, and its data set's folder and fingerprint."""

    run: str
    model_dir: Path
    model: str
    examples_dir: Path
    data_set: str

    def vocabulary(self) -> Vocabulary:
        """The vocabulary that the champion reads with.

        Raises:
            DamagedOutputError: its file, or the champion's config, is missing or was changed.
        """
        config = read_config(storage.checked_output(self.model_dir, CONFIG_FILE).parent)
        return Vocabulary.load(storage.checked_output(self.model_dir, VOCABULARY_FILE), config.vocabulary)


def find_reference(data_dir: Path, data_set: str, label: str) -> Reference | None:
    """What the champion of a data set and label was trained on; None where there is no champion.

    Raises:
        DamagedOutputError: the champion or its data set is gone, or is no longer what its manifest says.
    """
    run = champion_run(read_ledger(champion_dir(data_dir, data_set, label)))
    if run is None:
        return None
    model_dir = data_dir / "models" / data_set / run
    model = storage.read_manifest(model_dir)
    examples_dir = data_dir / str(model.facts.get("data_set_folder", "(not noted)"))
    data = storage.read_manifest(examples_dir)
    if data.fingerprint != model.inputs["data_set"]:
        raise DamagedOutputError(
            "the champion was trained on another data set than its folder holds",
            where=str(examples_dir),
            seen=data.fingerprint,
            expected=model.inputs["data_set"],
            to_do="nothing: the next champion is compared with again",
        )
    return Reference(run, model_dir, model.fingerprint, examples_dir, data.fingerprint)
