from pathlib import Path

import pytest
from drift_notes import drift_rule

from text_classifier import storage
from text_classifier.drift import Measurement, read_findings
from text_classifier.drift.findings import FINDINGS, Quantiles, Shares, judged, to_json
from text_classifier.errors import DamagedOutputError

LARGE = Measurement("missingValues", "source", 0.4, 1e-6, "told")


def verdicts(one: Measurement, *rules: object) -> list[tuple[str | None, str]]:
    return [(finding.rule_id, finding.verdict) for finding in judged([one], rules)]  # type: ignore[arg-type]


def test_a_measurement_is_judged_by_every_rule_about_it() -> None:
    rules = drift_rule("missingValues", 0.1), drift_rule("missingValues", 0.5, "error"), drift_rule("newTexts", 0.6)
    assert verdicts(LARGE, *rules) == [
        ("drift-missingValues-warning", "warning"),
        ("drift-missingValues-error", "passed"),
    ]
    assert verdicts(LARGE, drift_rule("missingValues", 0.3, "error")) == [("drift-missingValues-error", "failed")]
    assert verdicts(LARGE) == [(None, "no rule")]


def test_a_rule_of_a_column_stands_in_for_those_of_the_table() -> None:
    rules = drift_rule("missingValues", 0.1, "error"), drift_rule("missingValues", 0.5, column="source")
    assert verdicts(LARGE, *rules) == [("drift-missingValues-warning", "passed")]
    other = Measurement("missingValues", "author", 0.4, 1e-6, "told")
    assert verdicts(other, *rules) == [("drift-missingValues-error", "failed")]


def test_what_cannot_be_measured_breaks_no_rule() -> None:
    unknown = Measurement("missingValues", "source", None, None, "no such column")
    assert verdicts(unknown, drift_rule("missingValues", 0.1, "error")) == [
        ("drift-missingValues-error", "not measured")
    ]
    assert verdicts(unknown) == [(None, "not measured")]


def test_findings_are_read_as_they_were_written(tmp_path: Path) -> None:
    shares, steps = Shares(("<b>", "é"), (0.1, 0.9), (1.0, 0.0)), tuple(float(n) for n in range(101))
    one = Measurement("labelShares", "kind", 0.9, 0.0, "told", shares, Quantiles(steps, steps), ("word",))
    findings = judged([one, LARGE], [drift_rule("labelShares", 0.1)])
    planned = storage.plan("drift", inputs={}, parameters={}, modules=())
    with storage.output_folder(tmp_path / "drift", planned, {}) as partial:
        (partial / FINDINGS).write_text(to_json(findings), "utf-8")
    assert read_findings(tmp_path / "drift") == findings
    (tmp_path / "drift" / FINDINGS).write_text("{}", "utf-8")
    with pytest.raises(DamagedOutputError):
        read_findings(tmp_path / "drift")
