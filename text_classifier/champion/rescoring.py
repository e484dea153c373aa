"""The model in service on test rows that it has not answered yet: scored once and kept."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Evaluated
from text_classifier.store import Store
from text_classifier.training import load_model
from text_classifier.training.model_folder import CONFIG_FILE, LATER_FILES, PREDICTIONS, WEIGHTS_FILE

logger = logging.getLogger(__name__)

_TEST = "examples/test.parquet"


def rescored(champion: Path, evaluated: Evaluated, place: Path, store: Store) -> Path | DamagedOutputError:
    """The champion's predictions (text_digest, label, prediction) on the test split that the challenger was judged on.

    Args:
        champion: its model folder.
        evaluated: the challenger, whose manifest names the data set.
        place: where the scores are kept, one folder for each champion and test split.
        store: of the run.

    Returns:
        The file; or, when it is the champion that is damaged, the error.

    Raises:
        DamagedOutputError: the challenger's data set is missing or differs from its manifest.
    """
    data_folder = store.data_dir / storage.read_manifest(evaluated.folder).facts["data_set_folder"]
    examples = storage.checked_output(data_folder, _TEST)
    try:
        outputs = storage.verify(champion, but=LATER_FILES).outputs
    except DamagedOutputError as error:
        return error
    planned = storage.plan(
        "rescored",
        inputs={
            "weights": outputs[WEIGHTS_FILE]["sha256"],
            "config": outputs[CONFIG_FILE]["sha256"],
            "examples": storage.read_manifest(data_folder).outputs[_TEST]["sha256"],
        },
        parameters={"label": evaluated.label},
        modules=("text_classifier.champion.rescoring",),
    )

    def fill(partial: Path) -> dict[str, Any]:
        table = _scores(champion, pq.read_table(examples, columns=["text_digest", "text", evaluated.label]))
        pq.write_table(table, partial / PREDICTIONS)
        return {"champion": champion.name, "rows": table.num_rows}

    folder = place / "rescored" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    store.make(folder, planned, fill)
    return folder / PREDICTIONS


def _scores(champion: Path, examples: pa.Table) -> pa.Table:
    logger.info("scoring the champion %s on %d test rows that have changed", champion.name, examples.num_rows)
    digests, texts, labels = examples.columns
    model = load_model(champion)
    best = model.predict_probabilities(texts.to_pylist()).argmax(axis=1)
    predictions = pa.array(model.class_names, pa.string()).take(pa.array(best))
    return pa.table({"text_digest": digests, "label": labels, "prediction": predictions})
