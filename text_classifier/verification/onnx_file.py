"""The ONNX file of a model beside the weights that it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from text_classifier import storage
from text_classifier.training.classifier import TextClassifier
from text_classifier.training.export import NOT_ANSWERED, compare_with_network, metadata
from text_classifier.training.model_folder import CONFIG_FILE, ONNX_FILE
from text_classifier.verification.checks import Check, Demand, compare_trees


def compare_onnx(folder: Path, model: TextClassifier, texts: Sequence[str]) -> Iterator[Check]:
    """What the file of a model's folder says of the model, and what it answers to a sample of raw texts.

    It computes by other code than the network, so what was written with it is asked for: equal within the tolerance of
    the export. A model made before there were such files has no check.
    """
    manifest, path = storage.read_manifest(folder), folder / ONNX_FILE
    if ONNX_FILE not in manifest.outputs:
        return
    expected = {**json.loads((folder / CONFIG_FILE).read_text("utf-8")), "model_fingerprint": manifest.fingerprint}
    try:
        said = metadata(path)
        difference = compare_with_network(path, model.network.cpu(), model.config, model.windows_of(texts))
    except (*NOT_ANSWERED, json.JSONDecodeError) as error:
        yield Check(f"{ONNX_FILE}: answers", "a file that answers", f"{type(error).__name__}: {error}", False)
        return
    yield from compare_trees(f"{ONNX_FILE}: metadata", said, expected, Demand(True, ""))
    derived = f"a difference of {difference.largest:.2g}"
    yield Check(
        f"{ONNX_FILE}: answers", f"within {difference.allowed:.2g} of the weights'", derived, difference.is_small
    )
