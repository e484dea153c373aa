"""What the model card tells, and that nothing in it can pass for its Markdown."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from made_models import FIRST, Made, write

from text_classifier import storage
from text_classifier.evaluation.figures import read_figures
from text_classifier.records import Report
from text_classifier.report.model_card import model_card

HOSTILE = ("a|b", "<img src=x>", "\u202egnp [x](javascript:1)", "# h\n\n- *i*", "www.example.org")


@pytest.fixture(scope="module")
def card(written: Report) -> str:
    return (written.folder / "model_card.md").read_text("utf-8")


def section(card: str, heading: str) -> str:
    return re.split(r"^## ", card.split(f"\n## {heading}\n")[1], flags=re.M)[0]


def hostile_card(make: Callable[..., Made]) -> str:
    classes = len(HOSTILE)
    made = make(
        texts=[f"text {n}" for n in range(classes)],
        labels=HOSTILE,
        class_names=HOSTILE,
        rates=np.full((classes, classes), 0.1) + 0.5 * np.eye(classes),
        baselines={HOSTILE[0]: HOSTILE[0]},
        label="a|b_*c*",
        address=HOSTILE[2],
    )
    report = write(made, replace(FIRST, rule=HOSTILE[1], reason=HOSTILE[0]))
    return (report.folder / "model_card.md").read_text("utf-8")


def test_the_card_opens_with_data_set_label_and_run(card: str, written: Report) -> None:
    assert card.startswith("# Model card: films \\(GENERATED\\), sentiment\n")
    assert f"Run `{written.folder.name}`, preset keras-bilstm." in card


def test_the_card_has_the_verdict_with_its_fields(card: str) -> None:
    verdict = section(card, "Verdict")
    assert "Signal found in the sentiment of films" in verdict
    for told in (
        "signal: found",
        "against baseline: not separable",
        "against champion: first",
        "decision: not promoted",
    ):
        assert f"- {told}\n" in verdict
    assert "- rule: a model of the preset smoke is never promoted" in verdict


def test_the_card_names_the_data_by_contract_address_and_digest(card: str) -> None:
    data = section(card, "Data")
    for told in ("contract 1.0.0", "films.csv", "`" + "ab" * 32 + "`", "seed 7", "train 3, val 0, test 4", "8 read"):
        assert told in data


def test_every_figure_of_the_card_has_its_interval(card: str) -> None:
    lines = [line for line in section(card, "Figures on the test split").splitlines() if line.startswith("|")][2:]
    assert [line.split(" | ")[0].strip("| ") for line in lines] == [
        "accuracy", "baseline, majority class", "balanced accuracy", "macro f1", "weighted f1", "log loss",
        "expected calibration error", "area under the ROC curve", "average precision",
    ]  # fmt: skip
    assert all(re.search(r"\d to \d", line.split(" | ")[2]) for line in lines)


def test_the_card_tells_the_limits(card: str) -> None:
    limits = section(card, "Limits")
    assert "made by a program" in limits
    assert "4 test examples show a gain over majority class in four of five cases if it is " in limits
    assert "at most 400 tokens" in limits
    assert "It knows the classes neg, pos." in limits


def test_a_part_that_is_worse_than_the_rest_is_a_limit(make: Callable[..., Made]) -> None:
    labels = ("neg", "pos") * 60
    rates = [(0.9 if label == "pos" else 0.1) for label in labels]
    made = make(
        texts=[f"text {n}" for n in range(120)],
        labels=labels,
        rates=[1 - rate if n < 30 else rate for n, rate in enumerate(rates)],
        columns={"source": ["B|C" if n < 60 else "AP" for n in range(120)]},
    )
    card = (write(made).folder / "model_card.md").read_text("utf-8")
    assert r"- Worse than elsewhere: source B\|C (50.00 % right)" in card


def test_the_card_has_the_digests_of_the_files(card: str, written: Report) -> None:
    outputs = storage.read_manifest(written.folder).outputs
    for name in ("weights.safetensors", "config.json", "vocabulary.parquet"):
        assert f"- `{name}`: SHA-256 `{outputs[name]['sha256']}`" in card


def test_the_card_names_the_onnx_file_of_a_model_that_has_one(card: str, written: Report) -> None:
    assert "model.onnx" not in card
    manifest = storage.read_manifest(written.folder)
    manifest.outputs["model.onnx"] = {"sha256": "0f"}
    manifest.facts["onnx_largest_difference"] = 2.4e-06
    verdict = json.loads((written.folder / "verdict.json").read_text("utf-8"))
    told = model_card(read_figures(written.folder), verdict, manifest, "digest")
    assert "- `model.onnx`: SHA-256 `0f`; it differed from PyTorch by 2e-06 at most when written\n" in told


def test_the_card_names_the_encoder_that_a_model_started_from(card: str, written: Report) -> None:
    assert "encoder" not in card
    manifest = storage.read_manifest(written.folder)
    manifest.inputs["encoder"] = "0e"
    verdict = json.loads((written.folder / "verdict.json").read_text("utf-8"))
    told = model_card(read_figures(written.folder), verdict, manifest, "digest")
    assert "- fingerprint of the pre-trained encoder that the weights started from: `0e`\n" in told


def test_no_name_passes_for_markdown(make: Callable[..., Made]) -> None:
    card = hostile_card(make)
    assert not re.search(r"(?<!\\)[<>\[\]*]|(?<!\\)\]\(|javascript:|\u202e|www\.", card.split("```")[0])
    tables = [re.sub(r"\\\|", "", line) for line in card.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} == {4}
    assert re.findall(r"^#+ .*", card, re.M)[1:] == [
        "## Verdict", "## Data", "## Figures on the test split", "## Limits", "## Files", "## How to load it",
    ]  # fmt: skip


def test_the_card_is_shown_on_the_page_as_it_stands(card: str, page: str) -> None:
    shown = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert shown
    assert html.unescape(shown[1]) == card
