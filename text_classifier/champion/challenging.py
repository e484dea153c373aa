"""A new model beside the one in service: compared, written down, and put in service when it has earned it."""

from __future__ import annotations

from dataclasses import replace

from text_classifier.champion.conditions import Beside, against, barred, failed, held, is_better, may_stake, taken_out
from text_classifier.champion.ledger import Ledger, now, opened
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
from text_classifier.training.model_folder import PREDICTIONS

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
        earlier = _earlier(ledger, evaluated, rule, out)
        if earlier:
            return earlier, True
        if evaluated.run == ledger.champion:
            comparison = _of_the_champion(ledger, evaluated, rule, out)
        else:
            comparison = _compared(ledger, evaluated, rule, out, store)
        comparison = replace(comparison, compared_at=now(), compared_by=store.run)
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


def _compared(ledger: Ledger, evaluated: Evaluated, rule: PromotionRule, out: str, store: Store) -> Comparison:
    level = level_of([line.spent for line in ledger.lines if line.spent], rule)
    spent = level if may_stake(evaluated, rule, out) else 0.0
    beside = _beside(evaluated, ledger.champion, level, store)
    refusal = failed(evaluated, beside, rule, out)
    comparison = Comparison(
        run=evaluated.run,
        champion=ledger.champion,
        decision="not promoted" if refusal else "promoted",
        rule=refusal or held(evaluated, beside, rule),
        signal=evaluated.signal,
        against_baseline=evaluated.against_baseline,
        against_champion=beside.against_champion,
        reason=beside.reason,
        worse_slices=beside.worse_slices,
        basis="" if beside.is_damage else _basis(evaluated, rule, out, ledger.champion),
    )
    if beside.pairing:
        return _with_figures(comparison, beside.pairing, level, spent)
    if beside.against_champion == "first":
        return replace(comparison, p_value=evaluated.majority_p_value, level=level, spent=spent)
    return comparison


def _of_the_champion(ledger: Ledger, evaluated: Evaluated, rule: PromotionRule, out: str) -> Comparison:
    """The champion judged anew: it is not its own challenger, and stays in service whatever its figures say now."""
    put = next(line for line in reversed(ledger.lines) if line.run == evaluated.run and line.is_promoted)
    by_whom = "" if put.kind == "challenge" else f" ({put.rule}: {put.reason})"
    return Comparison(
        run=evaluated.run,
        champion=evaluated.run,
        decision="not promoted",
        rule=f"in service already, since {put.compared_at[:10]}{by_whom}",
        signal=evaluated.signal,
        against_baseline=evaluated.against_baseline,
        against_champion="not comparable",
        reason="it is the model in service itself",
        basis=_basis(evaluated, rule, out, evaluated.run),
    )


def _basis(evaluated: Evaluated, rule: PromotionRule, out: str, champion: str | None) -> str:
    """SHA-256 of all that the answer depends on; "" when the predictions of one of both cannot be had."""
    folders = [evaluated.folder, *([evaluated.folder.parent / champion] if champion else [])]
    try:
        digests = [read_manifest(folder).outputs[PREDICTIONS]["sha256"] for folder in folders]
    except (DamagedOutputError, KeyError):
        return ""
    verdict = [evaluated.signal, evaluated.against_baseline, out]
    code = code_digest("text_classifier.champion.conditions", "text_classifier.champion.spending")
    return sha256_text("\n".join([*digests, *verdict, rule.model_dump_json(), code]))


def _earlier(ledger: Ledger, evaluated: Evaluated, rule: PromotionRule, out: str) -> Comparison | None:
    """The line that answered the same question before; that which put the model in service only while it is there."""
    is_champion = evaluated.run == ledger.champion
    for line in reversed(ledger.lines):
        if line.run != evaluated.run or not line.basis or (line.is_promoted and not is_champion):
            continue
        is_same = line.is_promoted or line.champion == ledger.champion
        if is_same and line.basis == _basis(evaluated, rule, out, line.champion):
            return line
    return None


def _beside(evaluated: Evaluated, champion: str | None, level: float, store: Store) -> Beside:
    if champion is None:
        return _first(evaluated, level)
    rows = same_rows(evaluated, champion, store)
    if isinstance(rows, NotComparable):
        return Beside("not comparable", rows.why, is_damage=rows.is_damage)
    pairing = compare(rows.challenger, rows.champion)
    reason = _told(pairing, level) + ("; the champion was scored anew on them" if rows.is_rescored else "")
    worse = worse_slices(rows.slices, rows.challenger, rows.champion)
    return Beside(against(pairing, level), reason, pairing, tuple(f"{one.dimension} = {one.name}" for one in worse))


def _first(evaluated: Evaluated, level: float) -> Beside:
    gain_rate, p_value = evaluated.majority_gain_rate, evaluated.majority_p_value
    reason = f"no model is in service; {points(gain_rate)} points over the majority class, {_tested(p_value, level)}"
    return Beside("first", reason, is_above_majority=is_better(gain_rate, p_value, level))


def _told(pairing: Pairing, level: float) -> str:
    low, gain, high = (points(rate) for rate in (pairing.low_rate, pairing.gain_rate, pairing.high_rate))
    rows = f"{gain} points on {pairing.rows:,} test rows (95 % interval {low} to {high})"
    return f"{rows}, {_tested(pairing.p_value, level)}"


def _tested(p_value: float, level: float) -> str:
    one_sided = f"one-sided {p_value / 2:.2g} where up to {level:.2g} counts as better"
    return f"exact McNemar test p = {p_value:.2g}, {one_sided}"


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
