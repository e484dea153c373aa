"""Every drift rule of the shipped contracts has a delivery that keeps it and one that breaks it."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drift_notes import OTHER_WORDS, WORDS, Change, Rows, with_values

from text_classifier.contract import Contract, Rule, known_data_sets, load_contract
from text_classifier.drift import Finding
from text_classifier.drift.comparing import compare
from text_classifier.drift.deliveries import Delivery
from text_classifier.drift.findings import judged
from text_classifier.storage import sha256_text
from text_classifier.vocabulary import TOKENIZERS, Vocabulary
from text_classifier.vocabulary.ranking import SPECIALS

CONTRACTS = Path(__file__).parents[3] / "data_contracts"
VOCABULARY = Vocabulary(TOKENIZERS["words"], SPECIALS["frequency"], pa.array(["[PAD]", "[UNK]", *WORDS]))
COUNT = 400
TYPES = {"string": pa.string(), "integer": pa.int64(), "date": pa.date32()}


def texts(seed: int, words: Iterable[str] = WORDS, times: int = 1) -> list[str]:
    draw, known = np.random.default_rng(seed), list(words)
    return [" ".join([*draw.choice(known, times * draw.integers(20, 40)), f"{seed}x{n}"]) for n in range(COUNT)]


def rows(contract: Contract, seed: int) -> Rows:
    """A good delivery under the contract."""
    draw = np.random.default_rng(seed)
    values: dict[str, Callable[[], Any]] = {
        "date": lambda: date(2024, 1, 1) + timedelta(days=int(draw.integers(366))),
        "rating": lambda: int(draw.integers(1, 11)),
        **{name: partial(draw.choice, classes) for name, classes in contract.class_names.items()},
    }
    others = [column.name for column in contract.columns if column.name != contract.text_column]
    return [
        {"text": text, **{name: values.get(name, partial(draw.choice, list("abc")))() for name in others}}
        for text in texts(seed)
    ]


def saying(new_texts: list[str]) -> Change:
    return lambda found: [row | {"text": text} for row, text in zip(found, new_texts, strict=True)]


def broken(label: str, one_class: str) -> dict[str, Change]:
    return {
        "drift-labels": with_values(0.3, **{label: one_class}),
        "drift-labels-gross": with_values(0.9, **{label: one_class}),
        "drift-lengths": saying(texts(5, times=2)),
        "drift-vocabulary": saying(texts(5, [*WORDS, *OTHER_WORDS[:40]])),
        "drift-missing": with_values(0.2, source=None, rating=None),
        "drift-texts": saying(texts(5, WORDS[100:])),
        "drift-texts-gross": saying(texts(5, OTHER_WORDS)),
        "drift-source": with_values(0.5, source="a"),
        "drift-rating": with_values(0.5, rating=1),
    }


def judge(contract: Contract, deliveries: tuple[Rows, Rows], folder: Path) -> tuple[Finding, ...]:
    sides = []
    for number, found in enumerate(deliveries):
        examples = folder / str(number) / "examples"
        examples.mkdir(parents=True)
        schema = pa.schema([(column.name, TYPES[column.logical_type]) for column in contract.columns])
        table = pa.Table.from_pylist(found, schema=schema)
        table = table.append_column("text_digest", pa.array([sha256_text(row["text"]) for row in found]))
        half = len(found) // 2
        pq.write_table(table.slice(0, half), examples / "train.parquet")
        pq.write_table(table.slice(half), examples / "test.parquet")
        sides.append(Delivery.read(examples.parent))
    return judged(compare(*sides, contract.label_columns[0], VOCABULARY), contract.drift_rules)


SHIPPED = [
    pytest.param(name, rule, id=f"{name} {rule.rule_id}")
    for name in known_data_sets(CONTRACTS)
    for rule in load_contract(CONTRACTS, name).drift_rules
]


@pytest.mark.parametrize("data_set", known_data_sets(CONTRACTS))
def test_a_delivery_like_the_last_keeps_every_rule(data_set: str, tmp_path: Path) -> None:
    contract = load_contract(CONTRACTS, data_set)
    findings = judge(contract, (rows(contract, 1), rows(contract, 2)), tmp_path)
    assert {one.rule_id: one.verdict for one in findings if one.rule_id} == {
        rule.rule_id: "passed" for rule in contract.drift_rules
    }


@pytest.mark.parametrize(("data_set", "rule"), SHIPPED)
def test_a_rule_notices_what_breaks_it(data_set: str, rule: Rule, tmp_path: Path) -> None:
    contract = load_contract(CONTRACTS, data_set)
    label = contract.label_columns[0]
    change = broken(label, contract.class_names[label][0])[rule.rule_id]
    findings = judge(contract, (rows(contract, 1), change(rows(contract, 2))), tmp_path)
    verdicts = {one.verdict for one in findings if one.rule_id == rule.rule_id}
    assert ("failed" if rule.severity == "error" else "warning") in verdicts


def test_every_measure_is_in_use() -> None:
    measures = {rule.kwargs["measure"] for param in SHIPPED for rule in param.values if isinstance(rule, Rule)}
    assert measures == {"labelShares", "textLength", "outOfVocabulary", "missingValues", "columnShares", "newTexts"}
