"""Parts of the test split on which one model is significantly worse than another. Legend: N test rows."""

from __future__ import annotations

import pyarrow as pa

from text_classifier.evaluation.pairs import SIGNIFICANCE_LEVEL, Right

PREFIX = "slice_"


def worse_slices(predictions: pa.Table, first: Right, other: Right) -> tuple[str, ...]:
    """The slices on which the first is worse, such as "source = BBC", in the order of columns and values.

    Exact McNemar test (two-sided) in every slice of every column, with Holm's correction over all of them at 5 %.

    Args:
        predictions: N rows; each column `slice_<dimension>` has the name of a slice for each row, or null.
        first, other: (N,), whether a row was answered right.
    """
    from scipy.stats import binomtest
    from statsmodels.stats.multitest import multipletests

    counts = _disagreements(predictions, first & ~other, other & ~first)
    if not counts:
        return ()
    p_values = [binomtest(gained, gained + lost).pvalue for gained, lost in counts.values()]
    is_seen = multipletests(p_values, SIGNIFICANCE_LEVEL, method="holm")[0]
    worse = zip(counts.items(), is_seen, strict=True)
    return tuple(name for (name, (gained, lost)), seen in worse if seen and lost > gained)


def _disagreements(predictions: pa.Table, gained: Right, lost: Right) -> dict[str, tuple[int, int]]:
    """Rows that only the first and rows that only the other got right, by slice.

    A slice without either is left out: its test could not have shown anything.
    """
    counts = {}
    for column in (name for name in predictions.column_names if name.startswith(PREFIX)):
        rows = pa.table({"slice": predictions[column], "gained": gained, "lost": lost}).drop_null()
        sums = rows.group_by("slice").aggregate([("gained", "sum"), ("lost", "sum")]).sort_by("slice")
        for row in sums.to_pylist():
            if row["gained_sum"] or row["lost_sum"]:
                counts[f"{column.removeprefix(PREFIX)} = {row['slice']}"] = row["gained_sum"], row["lost_sum"]
    return counts
