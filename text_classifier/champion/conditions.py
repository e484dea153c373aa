"""What a challenger must show: each condition is asked, and the first that fails decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from text_classifier.comparison import AgainstChampion, Comparison
from text_classifier.config import PromotionRule, preset_named
from text_classifier.evaluation.pairs import Pairing, separation
from text_classifier.records import MARKS, Evaluated, Origin


@dataclass(frozen=True, slots=True)
class Beside:
    """A challenger beside the champion; `pairing` is None where they were not compared.

    Attributes:
        is_above_majority: of a first model, whether it is better than the majority class at the level of the night.
    """

    against_champion: AgainstChampion
    reason: str
    pairing: Pairing | None = None
    worse_slices: tuple[str, ...] = ()
    is_damage: bool = False
    is_above_majority: bool = True


def barred(origin: Origin, preset: str) -> str:
    """Why such a model is never put in service, not even by hand; "" when it may be."""
    if MARKS[origin]:
        return f"{MARKS[origin]} data never puts a model in service"
    if not preset_named(preset).may_be_promoted:
        return f"models of preset {preset} are reported, never promoted"
    return ""


def taken_out(run: str, ledger: Sequence[Comparison]) -> str:
    """Why a model that a person took out of service stays out; "" when nobody did, or somebody put it back since."""
    for line in reversed(ledger):
        if line.kind in {"by hand", "roll back"} and run in {line.run, line.champion}:
            told = f"taken out of service by a person on {line.compared_at[:10]} ({line.reason}): only one puts it back"
            return "" if line.run == run else told
    return ""


def may_stake(evaluated: Evaluated, rule: PromotionRule, out: str) -> bool:
    """Whether the comparison with the champion could promote, as far as can be said before test rows are looked at.

    A first model is compared with the majority class instead.

    What the test rows say (the best baseline, the slices) must not decide it: of models chosen by the same rows, more
    than the level would pass.
    """
    return not out and (evaluated.signal == "found" or not rule.require_signal) and rule.against_champion == "better"


def is_better(gain_rate: float, p_value: float, level: float) -> bool:
    """By the one-sided test at `level`; `p_value` is that of the two-sided one."""
    return gain_rate > 0 and p_value / 2 <= level


def against(pairing: Pairing, level: float) -> AgainstChampion:
    """Better: by the one-sided test at `level`; worse: by the two-sided one at 5 %."""
    if is_better(pairing.gain_rate, pairing.p_value, level):
        return "better"
    return "worse" if separation(pairing) == "worse" else "not separable"


def failed(evaluated: Evaluated, beside: Beside, rule: PromotionRule, out: str) -> str:
    """The first condition that refuses the promotion, in words; "" when all hold."""
    return next(_refusals(evaluated, beside, rule, out), "")


def held(evaluated: Evaluated, beside: Beside, rule: PromotionRule) -> str:
    """The condition that a promotion rests on, in words."""
    if beside.against_champion == "first":
        return "first model with a signal" if evaluated.signal == "found" else "first model, no signal demanded"
    if rule.against_champion == "better":
        return "better than the champion at the level of this night"
    return f"{beside.against_champion}, and '{rule.against_champion}' is demanded beside the champion"


def _refusals(evaluated: Evaluated, beside: Beside, rule: PromotionRule, out: str) -> Iterator[str]:
    if out:
        yield out
    if rule.require_signal and evaluated.signal != "found":
        yield "no signal"
    if rule.against_baseline != "nothing" and evaluated.against_baseline == "worse":
        yield "worse than the best baseline"
    if rule.against_baseline == "better" and evaluated.against_baseline != "better":
        yield "not better than the best baseline"
    if rule.against_champion == "better" and not beside.is_above_majority:
        yield "not better than the majority class at the level of this night"
    if beside.against_champion != "first" and rule.against_champion != "nothing":
        yield from _refusals_beside(beside, rule)
    if beside.worse_slices and not rule.allow_worse_slices:
        yield f"worse than the champion on {', '.join(beside.worse_slices)}"


def _refusals_beside(beside: Beside, rule: PromotionRule) -> Iterator[str]:
    if beside.against_champion == "not comparable":
        yield "not comparable with the champion"
    if beside.against_champion == "worse":
        yield "worse than the champion"
    if rule.against_champion == "better" and beside.against_champion != "better":
        yield "not better than the champion at the level of this night"
