"""A new model beside the one in service: compared, written down, and put in service when it has earned it."""

from __future__ import annotations

from dataclasses import replace

from text_classifier.champion.conditions import Beside, against, barred, failed, held, may_stake, taken_out
from text_classifier.champion.ledger import Ledger, now, opened
from text_classifier.champion.rescoring import PREDICTIONS
from text_classifier.champion.same_rows import NotComparable, same_rows
from text_classifier.champion.spending import level_of
from text_classifier.code_version import code_digest
from text_classifier.comparison import Comparison
from text_classifier.config import PromotionRule
from text_classifier.errors import DamagedOutputError
from text_classifier.evaluation.pairs import Pairing, compare, detectable_gain
from text_classifier.evaluation.slices import worse_slices
from text_classifier.evaluation.words import points
from text_classifier.records import Evaluated
from text_classifier.storage import read_manifest, sha256_text
from text_classifier.store import Store

UNDONE = "rolled back because publication failed"


def challenge(evaluated: Evaluated, rule: PromotionRule, store: Store) -> tuple[Comparison, bool]:
    """Compare a model with the champion, write the ledger, and move the pointer if every condition of `rule` holds.

    All conditions are evaluated, also when the first refuses. The same question (predictions of both, rule, code) is
    answered once: asked again, the line of the ledger is the answer and nothing is spent. A champion whose files are
    missing or damaged is not compared with, and stays in service.

    Returns:
        The comparison, and whether it stood in the ledger already.

    Raises:
        DamagedOutputError: a file of the challenger differs from its manifest, or the ledger cannot be read.
    """
    with opened(store.data_dir, evaluated.data_set, evaluated.label) as ledger:
        out = barred(evaluated.origin, evaluated.preset) or taken_out(evaluated.run, ledger.lines)
        basis = _basis(evaluated, rule, out, ledger.champion)
        earlier = _earlier(ledger, evaluated.run, basis)
        if earlier:
            return earlier, True
        level = level_of([line.spent for line in ledger.lines if line.spent], rule)
        beside = _beside(evaluated, ledger.champion, level, store)
        comparison = replace(
            _decided(evaluated, beside, rule, out),
            champion=ledger.champion,
            compared_at=now(),
            compared_by=store.run,
            basis="" if beside.is_damage else basis,
        )
        if beside.pairing:
            spent = level if may_stake(evaluated, rule, out) else 0.0
            comparison = _with_figures(comparison, beside.pairing, level, spent)
        ledger.add(comparison)
        return comparison, False


def withdraw(evaluated: Evaluated, promotion: Comparison, store: Store) -> bool:
    """Put the champion of before back because the promotion of the evaluated model could not be published.

    The ledger keeps both lines, and what the comparison spent. Asked again, the model is compared anew.

    Returns:
        Whether anything was changed: not when another model has come into service since.
    """
    with opened(store.data_dir, evaluated.data_set, evaluated.label) as ledger:
        if ledger.champion != promotion.run:
            return False
        undone = replace(promotion, kind="undone", decision="not promoted", rule=UNDONE, spent=0.0, basis="")
        ledger.add(replace(undone, compared_at=now(), compared_by=store.run))
        return True


def _decided(evaluated: Evaluated, beside: Beside, rule: PromotionRule, out: str) -> Comparison:
    refusal = failed(evaluated, beside, rule, out)
    return Comparison(
        run=evaluated.run,
        champion=None,
        decision="not promoted" if refusal else "promoted",
        rule=refusal or held(evaluated, beside, rule),
        signal=evaluated.signal,
        against_baseline=evaluated.against_baseline,
        against_champion=beside.against_champion,
        reason=beside.reason,
        worse_slices=beside.worse_slices,
    )


def _basis(evaluated: Evaluated, rule: PromotionRule, out: str, champion: str | None) -> str:
    """SHA-256 of all that the answer depends on; "" when the predictions of one of both cannot be had."""
    folders = [evaluated.folder, *([evaluated.folder.parent / champion] if champion else [])]
    try:
        digests = [read_manifest(folder).outputs[PREDICTIONS]["sha256"] for folder in folders]
    except (DamagedOutputError, KeyError):
        return ""
    verdict = [evaluated.signal, evaluated.against_baseline, out]
    code = code_digest("text_classifier.champion.challenging")
    return sha256_text("\n".join([*digests, *verdict, rule.model_dump_json(), code]))


def _earlier(ledger: Ledger, run: str, basis: str) -> Comparison | None:
    """The line that put this very model in service, or that refused it for the same question."""
    mine = [line for line in reversed(ledger.lines) if line.run == run]
    if run == ledger.champion:
        return next(line for line in mine if line.is_promoted)
    same = (line for line in mine if basis and line.basis == basis and line.champion == ledger.champion)
    return next((line for line in same if not line.is_promoted), None)


def _beside(evaluated: Evaluated, champion: str | None, level: float, store: Store) -> Beside:
    if champion is None:
        return Beside("first", "no model is in service")
    rows = same_rows(evaluated, champion, store)
    if isinstance(rows, NotComparable):
        return Beside("not comparable", rows.why, is_damage=rows.is_damage)
    pairing = compare(rows.challenger, rows.champion)
    reason = _told(pairing, level) + ("; the champion was scored anew on them" if rows.is_rescored else "")
    worse = worse_slices(rows.slices, rows.challenger, rows.champion)
    return Beside(against(pairing, level), reason, pairing, tuple(f"{one.dimension} = {one.name}" for one in worse))


def _told(pairing: Pairing, level: float) -> str:
    low, gain, high = (points(rate) for rate in (pairing.low_rate, pairing.gain_rate, pairing.high_rate))
    return (
        f"{gain} points on {pairing.rows:,} test rows (95 % interval {low} to {high}), exact McNemar test "
        f"p = {pairing.p_value:.2g}, one-sided {pairing.p_value / 2:.2g} where up to {level:.2g} counts as better"
    )


def _with_figures(comparison: Comparison, pairing: Pairing, level: float, spent: float) -> Comparison:
    disagreement_rate = (pairing.gained_rows + pairing.lost_rows) / pairing.rows
    return replace(
        comparison,
        rows=pairing.rows,
        gain_rate=pairing.gain_rate,
        low_rate=pairing.low_rate,
        high_rate=pairing.high_rate,
        p_value=pairing.p_value,
        detectable_gain_rate=detectable_gain(disagreement_rate, pairing.rows, 2 * level) if level else None,
        level=level,
        spent=spent,
    )
