"""Every rule of the shipped contracts has rows that keep it and rows that break it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier.contract import Contract, Rule, Verdict, known_data_sets, load_contract
from text_classifier.contract.applied.judging import judge
from text_classifier.corpus.rows import rows_schema
from text_classifier.records import Ingested

Rows = list[dict[str, Any]]
Change = Callable[[Rows], Rows]

CONTRACTS = Path(__file__).parents[4] / "data_contracts"
CATEGORIES = ("Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology")


def news() -> Rows:
    return [
        {
            "title": f"headline {number}",
            "text": f"article number {number}",
            "date": date(2024, 3, 1),
            "source": "paper" if number % 20 else None,
            "author": "somebody" if number % 20 else None,
            "category": CATEGORIES[number % 7],
            "label": ("real", "fake")[number % 2],
        }
        for number in range(280)
    ]


def reviews() -> Rows:
    return [
        {
            "text": f"review number {number}<br /><br />of a film",
            "label": ("neg", "pos")[number % 2],
            "rating": (1, 10)[number % 2],
            "split": ("train", "test")[number // 2 % 2],
            "group": f"film {number}",
        }
        for number in range(280)
    ]


def first(**values: Any) -> Change:
    """The first row has other values."""
    return lambda rows: [rows[0] | values, *rows[1:]]


def every(**values: Any) -> Change:
    return lambda rows: [row | values for row in rows]


def ending(words: str) -> Change:
    """One text in ten ends in these words."""
    return lambda rows: [row | {"text": row["text"] + words} if n % 10 == 0 else row for n, row in enumerate(rows)]


def without(column: str, value: str) -> Change:
    return lambda rows: [row for row in rows if row[column] != value]


def mostly(column: str, value: str) -> Change:
    return lambda rows: [row | {column: value} if n % 20 else row for n, row in enumerate(rows)]


def of_classes(column: str, value: str) -> dict[str, Change]:
    """What breaks the rules about a label column one of whose classes is `value`."""
    return {
        f"{column}-required": first(**{column: None}),
        f"{column}-allowed": first(**{column: "something else"}),
        f"{column}-examples": without(column, value),
        f"{column}-in-train": without(column, value),
        f"{column}-in-val": without(column, value),
        f"{column}-in-test": without(column, value),
        f"{column}-balance": mostly(column, value),
    }


OF_TEXT: dict[str, Change] = {
    "text-required": first(text=None),
    "text-length": first(text="x" * 100_001),
    "text-pattern": first(text="\n \t"),
    "text-distinct": every(text="the same"),
    "text-html": ending(" <p class='x'>"),
    "text-mojibake": ending(" cafÃ©"),
}
OF_REVIEWS: dict[str, Change] = {
    **OF_TEXT,
    **of_classes("label", "pos"),
    "rating-range": first(rating=11),
    "row-count": lambda rows: rows[:9],
}
BROKEN: dict[str, dict[str, Change]] = {
    "news": {
        **OF_TEXT,
        **of_classes("category", "Health"),
        **of_classes("label", "real"),
        "title-present": first(title=None),
        "date-range": first(date=date(1999, 12, 31)),
        "date-present": first(date=None),
        "source-mostly-present": every(source=None),
        "author-mostly-present": every(author=None),
        "row-count": lambda rows: rows,
    },
    "imdb": OF_REVIEWS,
    "imdb_sample": OF_REVIEWS,
}
KEPT: dict[str, Callable[[], Rows]] = {"news": news, "imdb": reviews, "imdb_sample": reviews}
ENOUGH_TIMES = {"news": 75, "imdb": 200, "imdb_sample": 1}
SHIPPED = [
    pytest.param(name, rule, id=f"{name} {rule.rule_id}")
    for name in known_data_sets(CONTRACTS)
    for rule in load_contract(CONTRACTS, name).rules
]


def verdicts(contract: Contract, rows: Rows, folder: Path) -> list[Verdict]:
    """The verdicts on the contract's own rules."""
    schema = rows_schema(contract.columns)
    told = [{"example_id": str(n), "row": n, "lines": 1, **row} for n, row in enumerate(rows, start=2)]
    pq.write_table(pa.Table.from_pylist(told, schema=schema), folder / "rows.parquet")
    ingested = Ingested(contract.data_set, "source", folder, "ab" * 32, "file", len(rows), len(rows), 0)
    found = judge(folder / "rows.parquet", contract, ingested).findings.verdicts
    return list(found[: len(contract.rules)])


@pytest.mark.parametrize("data_set", KEPT)
def test_good_rows_keep_every_rule(data_set: str, tmp_path: Path) -> None:
    contract = load_contract(CONTRACTS, data_set)
    rows = KEPT[data_set]()
    rules = tuple(rule for rule in contract.rules if rule.rule_id != "row-count")
    found = verdicts(replace(contract, rules=rules, drop_copies=False), rows, tmp_path)
    assert {verdict.rule_id: verdict.verdict for verdict in found} == {rule.rule_id: "passed" for rule in rules}
    count = tuple(rule for rule in contract.rules if rule.rule_id == "row-count")
    many = rows * ENOUGH_TIMES[data_set]
    (verdict,) = verdicts(replace(contract, rules=count, drop_copies=False), many, tmp_path)
    assert verdict.verdict == "passed"


@pytest.mark.parametrize(("data_set", "rule"), SHIPPED)
def test_a_rule_notices_what_breaks_it(data_set: str, rule: Rule, tmp_path: Path) -> None:
    contract = replace(load_contract(CONTRACTS, data_set), rules=(rule,), drop_copies=False)
    rows = BROKEN[data_set][rule.rule_id](KEPT[data_set]())
    (verdict,) = verdicts(contract, rows, tmp_path)
    assert verdict.verdict == ("failed" if rule.severity == "error" else "warning"), verdict


@pytest.mark.parametrize(
    ("text", "rule_id", "data_set"),
    [
        ("a <br /> b<br>c < d > e <3", "text-html", "imdb"),
        ("5 < 6 and 7 > 6, <3 <- ->", "text-html", "news"),
        ("café, ÂNGULO, SÃO, £5, naïve, “so” – it … is €5", "text-mojibake", "news"),
    ],
)
def test_what_only_looks_like_a_fault_of_the_text_is_none(
    text: str, rule_id: str, data_set: str, tmp_path: Path
) -> None:
    contract = load_contract(CONTRACTS, data_set)
    rules = tuple(rule for rule in contract.rules if rule.rule_id == rule_id)
    (verdict,) = verdicts(replace(contract, rules=rules), [row | {"text": text} for row in KEPT[data_set]()], tmp_path)
    assert (verdict.verdict, verdict.failing_rows) == ("passed", 0)
