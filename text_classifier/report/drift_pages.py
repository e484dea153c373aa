"""Drift as people read it: a table of what was measured and came of it, Markdown and pictures of old beside new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from text_classifier.drift import Finding, Measurement, read_findings
from text_classifier.records import Drift, shown_name
from text_classifier.report.plots import Pair, distributions_png, pairs_png
from text_classifier.showable import markdown_text

ACCEPTED = "accepted"
LENGTH_UNIT = "characters of a text"
SHOWN_VALUES = 20

_ORDER = ("failed", "warning", "passed", "no rule", "not measured")
_SENTENCE_CHARACTERS = 4_000


def drift_rows(findings: Sequence[Finding], is_accepted: bool) -> list[dict[str, str]]:
    """One row per measurement and rule, broken rules first; where `is_accepted`, a failed one is accepted."""
    return [
        {
            "measure": one.measurement.title,
            "verdict": ACCEPTED if is_accepted and one.verdict == "failed" else one.verdict,
            "change": _figure(one.measurement.value),
            "at most": _figure(one.maximum),
            "p": "" if one.measurement.p_value is None else f"{one.measurement.p_value:.2g}",
            "seen": _seen(one.measurement),
            "rule": f"{one.rule_id} ({one.severity})" if one.rule_id else "",
        }
        for one in sorted(findings, key=lambda one: _ORDER.index(one.verdict))
    ]


def drift_markdown(drift: Drift, is_accepted: bool = False) -> str:
    """The document of the dashboard: the sentence, and where something was measured the table and the pictures."""
    told = f"**{markdown_text(drift.sentence, _SENTENCE_CHARACTERS)}**"
    if drift.failed:
        told = f"{_GOES_ON if is_accepted else _STOPS} {told}"
    if drift.folder is None:
        return f"{told}\n"
    findings, name = read_findings(drift.folder), markdown_text(shown_name(drift.data_set, drift.origin))
    pictures = [
        f"## {markdown_text(one.title)}, {name}\n\n![{markdown_text(one.title)} before and now]({picture})"
        for one, picture in _pngs(_shown(findings))
    ]
    return "\n\n".join([told, _table(drift_rows(findings, is_accepted)), *pictures, _NOTE]) + "\n"


_GOES_ON = "**Accepted by who started this run: it goes on.**"
_STOPS = "**The run stops before training.**"
_NOTE = (
    "A rule is broken by a change above its maximum whose p-value is below 0.01. Change: total variation distance of "
    "shares, Kolmogorov-Smirnov distance of lengths, difference of rates, share of new texts told from old ones; "
    "p: how often chance alone brings a change as large."
)


def _pngs(measurements: Sequence[Measurement]) -> Iterator[tuple[Measurement, str]]:
    for one in measurements:
        if one.quantiles:
            yield one, distributions_png(one.quantiles.old, one.quantiles.new, LENGTH_UNIT)
        else:
            yield one, pairs_png(_pairs(one))


def _shown(findings: Sequence[Finding]) -> list[Measurement]:
    """Each once: the label's shares, the lengths, and the shares that a rule is broken by."""
    always = {"labelShares", "textLength"}
    chosen = [one.measurement for one in findings if one.measurement.measure in always or one.is_broken]
    drawable = [one for one in chosen if one.shares or one.quantiles]
    return list({(one.measure, one.column): one for one in drawable}.values())


def _pairs(one: Measurement) -> list[Pair]:
    """The values whose share has changed most, in their own order."""
    assert one.shares is not None
    pairs = [Pair(*pair) for pair in zip(one.shares.names, one.shares.old, one.shares.new, strict=True)]
    largest = sorted(pairs, key=lambda pair: -abs(pair.new_rate - pair.old_rate))[:SHOWN_VALUES]
    return [pair for pair in pairs if pair in largest]


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    lines = [tuple(rows[0]), ("---",) * len(rows[0]), *(tuple(map(markdown_text, row.values())) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _seen(one: Measurement) -> str:
    return f"{one.told}; telling words: {', '.join(one.words)}" if one.words else one.told


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
