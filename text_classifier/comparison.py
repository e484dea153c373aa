"""One line of the ledger: a model beside the one in service, what was decided, and why. Nothing heavy to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Signal = Literal["found", "not found"]
AgainstBaseline = Literal["better", "not separable", "worse"]
AgainstChampion = Literal["better", "not separable", "worse", "first", "not comparable"]
Decision = Literal["promoted", "not promoted"]
Kind = Literal["challenge", "by hand", "roll back", "undone"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of one model.

    Attributes:
        run: the model; of a `roll back` the one that was put back in service.
        champion: the run that was in service before; None when there was none.
        decision: "promoted" when the line put `run` in service.
        rule: the condition that decided, in words.
        kind: "challenge" by the rule; "by hand" and "roll back" by a person; "undone" when the publication of a
            promotion failed, so that `champion` is in service again.
        signal, against_baseline, against_champion: the verdict, None where nobody asked. Against the champion a
            model is "better" at `level`, and "worse" at 5 %, two-sided.
        reason: of `against_champion` with its figures, or what the person said.
        rows: test rows that both answered.
        gain_rate: accuracy on them minus the champion's; `low_rate` and `high_rate` are its 95 % interval.
        p_value: exact McNemar test, two-sided. Half of it is the one-sided one, which is held to `level`.
        detectable_gain_rate: the smallest true gain that such rows show to be better at `level` in four of five cases.
        level: the largest one-sided p-value that counted as better.
        spent: what of the budget of false promotions this comparison used: `level`, or 0 where nothing was at stake.
        worse_slices: parts of the test split that got significantly worse, such as "source = BBC".
        compared_at: ISO 8601 in UTC.
        compared_by: the run that compared, and the person where one decided.
        basis: SHA-256 of all that the answer depends on; "" when it is to be asked again.
    """

    run: str
    champion: str | None
    decision: Decision
    rule: str
    kind: Kind = "challenge"
    signal: Signal | None = None
    against_baseline: AgainstBaseline | None = None
    against_champion: AgainstChampion | None = None
    reason: str = ""
    rows: int = 0
    gain_rate: float | None = None
    low_rate: float | None = None
    high_rate: float | None = None
    p_value: float | None = None
    detectable_gain_rate: float | None = None
    level: float = 0.0
    spent: float = 0.0
    worse_slices: tuple[str, ...] = ()
    compared_at: str = ""
    compared_by: str = ""
    basis: str = ""

    @property
    def is_promoted(self) -> bool:
        return self.decision == "promoted"

    @property
    def sentence(self) -> str:
        """Such as "promoted (first model with a signal)"."""
        return f"{self.decision} ({self.rule})"
