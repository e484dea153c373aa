"""What the steps that judge hand on: drift, a signal, baselines, figures, a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from text_classifier.comparison import AgainstBaseline, AgainstChampion, Decision, Signal
from text_classifier.records.prepared import DataSet, Making, Origin, shown_name


@dataclass(frozen=True, slots=True)
class Drift:
    """How a data set differs from the one that the champion was trained on.

    Attributes:
        sentence: what came of it, in words.
        champion: the run of the model in service; None where there is nothing to compare with.
        reference: fingerprint of the champion's data set; None where there is nothing to compare with.
        folder: `drift/<data set>/<fingerprint>/` with drift.json; None where nothing was measured.
        warned: ids of broken rules of severity `warning`; `failed` those of severity `error`.
    """

    data_set: str
    origin: Origin
    label: str
    sentence: str
    champion: str | None = None
    reference: str | None = None
    folder: Path | None = None
    warned: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    making: Making = field(default=Making(), compare=False)


@dataclass(frozen=True, slots=True)
class SignalTest:
    """Whether the texts of a data set say anything about a label: a cheap learner against itself on shuffled labels.

    Attributes:
        folder: its output, `signals/<data set>/<fingerprint>/`.
        score_name: what was measured, such as "balanced accuracy"; `score_rate` is what the true labels gave.
        chance_rate: mean score over the shuffled labels; `chance_high_rate` the 95th percentile.
        refits: how many times the labels were shuffled and the learner fitted anew.
        scored_rows: rows that were not trained on and were scored.
        p_value: (1 + refits that scored as well or better) / (1 + refits).
        level: the largest p-value that counts as found.
    """

    data_set: str
    origin: Origin
    label: str
    folder: Path
    fingerprint: str
    learner: str
    score_name: str
    score_rate: float
    chance_rate: float
    chance_high_rate: float
    refits: int
    train_rows: int
    scored_rows: int
    p_value: float
    level: float
    making: Making = field(default=Making(), compare=False)

    @property
    def name(self) -> str:
        """The data set's name as people see it, with its mark."""
        return shown_name(self.data_set, self.origin)

    @property
    def is_found(self) -> bool:
        """Whether the learner does better than on shuffled labels."""
        return self.p_value <= self.level


@dataclass(frozen=True, slots=True)
class Baselines:
    """Simple classifiers trained on the rows that the model is trained on, and their predictions on test.

    Attributes:
        folder: `baselines/<data set>/<fingerprint>/`: predictions.parquet (example_id, text_digest, label and one
            column per name), opinion.parquet (probabilities by one of them), validation.parquet where there are groups,
            fits.json.
        names: of the baselines, which are the columns of their predictions.
    """

    data_set: str
    label: str
    folder: Path
    fingerprint: str
    names: tuple[str, ...]
    making: Making = field(default=Making(), compare=False)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A model judged on the test split: predictions.parquet, errors.parquet and metrics.json stand in its folder.

    Attributes:
        signal: whether the data holds one, see `SignalTest`.
        against_baseline: how the model lies to the best baseline.
        best_baseline: name of the baseline that decided this, and its rate: the most accurate one that the model is
            worse than; where there is none, of all.
        majority_gain_rate: accuracy minus that of the majority class; `majority_p_value` of the exact McNemar test of
            the two, two-sided.
    """

    data_set: str
    origin: Origin
    label: str
    preset: str
    run: str
    folder: Path
    fingerprint: str
    signal: Signal
    against_baseline: AgainstBaseline
    best_baseline: str
    best_baseline_rate: float
    majority_gain_rate: float
    majority_p_value: float
    test_rows: int
    accuracy_rate: float
    accuracy_low_rate: float
    accuracy_high_rate: float
    making: Making = field(default=Making(), compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a run: four fields, and one sentence with the figures.

    Attributes:
        signal: whether the texts say anything about the label.
        against_baseline: how the model lies to the best baseline on the same test rows.
        against_champion: how it lies to the model in service.
        decision: whether it was put in service.
        rule: what decided that, in words.
        sentence: opens the report, the artifact and the log, and ends the run.
    """

    signal: Signal
    against_baseline: AgainstBaseline | Literal["no model"]
    against_champion: AgainstChampion | Literal["no model"]
    decision: Decision
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict of a run and where its pages stand.

    Attributes:
        data: the examples, of whose train split the model learned and on whose test split it was judged.
        evaluated: the model's figures; None where nothing was trained, because there is no signal.
        folder: of the model; where nothing was trained, `untrained/<data set>/<fingerprint>/`.
    """

    data: DataSet
    label: str
    preset: str
    verdict: Verdict
    evaluated: Evaluated | None
    folder: Path
    making: Making = field(default=Making(), compare=False)

    @property
    def headline(self) -> str:
        """The verdict's sentence; before it, since when nothing has changed."""
        unchanged = f"Unchanged since {self.making.at[:16].replace('T', ' ')} UTC. " if self.making.is_reused else ""
        return unchanged + self.verdict.sentence


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two reported models beside each other: `comparisons/<data set>/<fingerprint>/`.

    Attributes:
        first, second: their runs.
        sentence: who is better on how many common test examples, and by how much; or why nobody can say.
    """

    data_set: str
    label: str
    first: str
    second: str
    folder: Path
    fingerprint: str
    sentence: str
    making: Making = field(default=Making(), compare=False)
