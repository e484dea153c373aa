"""Two reported models that answer the same test examples, made by hand."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from made_models import FIRST, HISTORY, make_root, write

FIRST_RUN, SECOND_RUN = "20261122-200000-smoke-sentiment-0a0a0a0a", "20261123-200000-smoke-sentiment-0b0b0b0b"
ROWS = 44
LABELS = ["pos" if row % 2 else "neg" for row in range(ROWS)]


def rates(right: Collection[int]) -> list[float]:
    """Probabilities of "pos" of a model that gets these rows right; of two rows it is the surer of the later one."""
    sure = [0.6 + row / 200 for row in range(ROWS)]
    return [
        p if (label == "pos") == (row in right) else 1 - p
        for row, (label, p) in enumerate(zip(LABELS, sure, strict=True))
    ]


def reported(data_dir: Path, run: str, right: Collection[int], **recipe: Any) -> Path:
    """The folder of a model that gets these of ROWS test rows right."""
    texts = [f"text {row}" for row in range(ROWS)]
    columns = {"source": ["BBC" if row < 22 else "CNN" for row in range(ROWS)]}
    told = {"texts": texts, "labels": LABELS, "rates": rates(right), "columns": columns, "history": HISTORY} | recipe
    return write(make_root(data_dir, run=run, **told), replace(FIRST, run=run)).folder
