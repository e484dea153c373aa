"""model_card.md: what whoever takes the model into use must know, in Markdown.

Source: Mitchell et al. 2019, Model Cards for Model Reporting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from text_classifier.evaluation.figures import deciding_baseline
from text_classifier.evaluation.words import interval, percent
from text_classifier.showable import markdown_text
from text_classifier.storage import Manifest
from text_classifier.training.model_folder import CONFIG_FILE, ONNX_FILE, WEIGHTS_FILE
from text_classifier.vocabulary import VOCABULARY_FILE


def model_card(figures: Mapping[str, Any], verdict: Mapping[str, Any], manifest: Manifest, digest: str) -> str:
    """The card of an evaluated model; `manifest` is that of its folder, `digest` that of the report."""
    sections = {
        "Verdict": _verdict(verdict),
        "Data": _data(figures),
        "Figures on the test split": _figures(figures),
        "Limits": _limits(figures),
        "Files": _files(manifest, digest),
        "How to load it": _loading(figures),
    }
    title = f"# Model card: {markdown_text(figures['name'])}, {markdown_text(figures['label'])}"
    told = (f"## {heading}\n\n" + "\n".join(lines) for heading, lines in sections.items())
    return "\n\n".join([title, f"Run `{figures['run']}`, preset {figures['preset']}.", *told]) + "\n"


def _verdict(verdict: Mapping[str, Any]) -> Iterator[str]:
    yield markdown_text(verdict["sentence"], 2_000) + "\n"
    for name in ("signal", "against_baseline", "against_champion", "decision", "rule"):
        yield f"- {name.replace('_', ' ')}: {markdown_text(verdict[name])}"


def _data(figures: Mapping[str, Any]) -> Iterator[str]:
    data = figures["data"]
    yield f"- data set: {markdown_text(figures['name'])}, contract {markdown_text(data['contract_version'])}"
    yield f"- source as first read: {markdown_text(data['address'], 500)}"
    yield f"- SHA-256 of the source: `{data['source_digest']}`"
    splits = ", ".join(f"{split} {rows:,}" for split, rows in data["split_rows"].items())
    yield f"- rows: {data['read_rows']:,} read, {data['rejected_rows']:,} rejected, {data['leaked_rows']:,} left out"
    yield f"- splits (seed {data['split_seed']}): {splits}"


def _figures(figures: Mapping[str, Any]) -> Iterator[str]:
    test, best = figures["test"], deciding_baseline(figures)
    compared = {"accuracy": test["accuracy"], f"baseline, {markdown_text(best['name'])}": best["accuracy"]}
    compared |= {f"its part {one['name']} alone": one["accuracy"] for one in figures["parts"]}
    yield "| figure | value | 95 % interval |"
    yield "|---|---|---|"
    yield from (f"| {name} | {percent(one['rate'])} | {interval(one)} |" for name, one in compared.items())
    for name in ("balanced_accuracy_rate", "macro_f1_rate", "weighted_f1_rate", "log_loss"):
        yield _figure_line(name.removesuffix("_rate").replace("_", " "), test[name])
    yield _figure_line("expected calibration error", test["calibration"]["error_rate"])
    if test["ranking"]:
        yield _figure_line("area under the ROC curve", test["ranking"]["roc_area"])
        yield _figure_line("average precision", test["ranking"]["pr_area"])


def _figure_line(name: str, figure: Mapping[str, float]) -> str:
    return f"| {name} | {figure['value']:.4f} | {figure['low']:.4f} to {figure['high']:.4f} |"


def _limits(figures: Mapping[str, Any]) -> Iterator[str]:
    best, flagged = deciding_baseline(figures), (one for one in figures["slices"] if one["is_flagged"])
    yield from (f"- {markdown_text(note, 2_000)}" for note in figures["notes"])
    rows, gain_rate = figures["test"]["accuracy"]["rows"], best["pairing"]["detectable_gain_rate"]
    yield (
        f"- {rows:,} test examples show a gain over {markdown_text(best['name'])} in four of five cases if it is "
        f"{100 * gain_rate:.2f} points or more."
    )
    for one in flagged:
        part = f"{one['dimension']} {one['name']}".replace("_", " ")
        yield f"- Worse than elsewhere: {markdown_text(part)} ({percent(one['accuracy']['rate'])} right)"
    yield f"- It reads at most {figures['made']['parameters']['options.training.max_length_tokens']} tokens of a text."
    yield "- It knows the classes " + ", ".join(markdown_text(name) for name in figures["test"]["class_names"]) + "."


def _files(manifest: Manifest, digest: str) -> Iterator[str]:
    for name in (WEIGHTS_FILE, CONFIG_FILE, VOCABULARY_FILE):
        yield f"- `{name}`: SHA-256 `{manifest.outputs[name]['sha256']}`"
    if ONNX_FILE in manifest.outputs:
        digest_of_onnx, off = manifest.outputs[ONNX_FILE]["sha256"], manifest.facts["onnx_largest_difference"]
        yield f"- `{ONNX_FILE}`: SHA-256 `{digest_of_onnx}`; it differed from PyTorch by {off:.1g} at most when written"
    if encoder := manifest.inputs.get("encoder"):
        yield f"- fingerprint of the pre-trained encoder that the weights started from: `{encoder}`"
    yield f"- made by text-classifier {manifest.package_version}, {manifest.created_at}"
    yield f"- digest of the report, the same for the same inputs on the same machine: `{digest}`"


def _loading(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "The folder is complete: weights, vocabulary, tokenizer version, class names and temperature."
    yield "How to serve it, with PyTorch or by the ONNX file, stands in docs/serving.md."
    yield ""
    yield "```python"
    yield "from pathlib import Path"
    yield "from text_classifier.training import load_model"
    yield ""
    yield f'model = load_model(Path("models/{figures["data_set"]}/{figures["run"]}"))  # below the data root'
    yield 'model.predict_probabilities(["a text"])  # (1, classes), in the order of model.class_names'
    yield "```"
