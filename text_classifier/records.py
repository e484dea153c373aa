"""What one step hands to the next: where its output stands and the few facts worth knowing before opening it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Origin = Literal["source", "generated", "sample"]
Split = Literal["train", "val", "test", "unsup"]
SPLITS: tuple[Split, ...] = ("train", "val", "test", "unsup")
LABELLED_SPLITS: tuple[Split, ...] = ("train", "val", "test")

ROWS, REJECTED, WORD_RANKS = "rows.parquet", "rejected.parquet", "word_ranks.parquet"
"""Files of ingested rows; the last two stand in the folder of the data set too."""

PARQUET_COMPRESSION: Literal["zstd"] = "zstd"
RAW_BYTES_KEPT = 65_536  # of a rejected row

MARKS: dict[Origin, str] = {"source": "", "generated": "GENERATED", "sample": "SAMPLE"}
"""The word that stands beside the name of a data set that nobody collected, wherever it is shown."""


def shown_name(data_set: str, origin: Origin) -> str:
    """The data set's name as people see it: with its mark when it is GENERATED or SAMPLE data."""
    return f"{data_set} ({MARKS[origin]})" if MARKS[origin] else data_set


def told_set_aside(rejected_rows: int, leaked_rows: int) -> str:
    """Such as "3 rejected", and where there are any "409 left out as copies of val or test"."""
    leaked = f", {leaked_rows:,} left out as copies of val or test" if leaked_rows else ""
    return f"{rejected_rows:,} rejected{leaked}"


@dataclass(frozen=True, slots=True)
class Making:
    """How an output came to be.

    Attributes:
        run: the run that made it; "" when nobody told.
        at: ISO 8601 in UTC.
        is_reused: whether it stood already when this run asked for it.
    """

    run: str = ""
    at: str = ""
    is_reused: bool = False


@dataclass(frozen=True, slots=True)
class RawSource:
    """A source as it came: `raw/<data set>/<digest>/`. `form` names the reader's case, such as "imdb-npz"."""

    data_set: str
    origin: Origin
    form: str
    address: str
    digest: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Ingested:
    """Typed rows of one source in file order: `rows.parquet`, `rejected.parquet`, manifest.

    Attributes:
        encoding: of rejected rows as they are kept.
        lacking: columns that this form of the source has nothing for: null in every row.
        repaired_rows: how many of the rows somebody has repaired by hand.
    """

    data_set: str
    origin: Origin
    folder: Path
    fingerprint: str
    address: str
    read_rows: int
    kept_rows: int
    rejected_rows: int
    encoding: str = "utf-8"
    lacking: tuple[str, ...] = ()
    repaired_rows: int = 0
    making: Making = field(default=Making(), compare=False)

    @property
    def told_rows(self) -> str:
        """What became of the rows, and what none of them has, in words."""
        lacking = f"; null in every row: {', '.join(self.lacking)}" if self.lacking else ""
        repaired = f"; {self.repaired_rows:,} repaired by hand" if self.repaired_rows else ""
        rows = f"{self.read_rows:,} rows read, {self.kept_rows:,} kept, {self.rejected_rows:,} rejected"
        return rows + repaired + lacking


@dataclass(frozen=True, slots=True)
class DataSet:
    """Validated examples by split: `examples/<split>.parquet`, `rejected.parquet`, the rules' verdicts, the copies.

    Attributes:
        classes: label column -> its classes, in the contract's order.
        rejected_rows: by the reader or by a rule.
        leaked_rows: of train and `unsup`, left out because their text also stands in val or test.
    """

    data_set: str
    origin: Origin
    folder: Path
    fingerprint: str
    address: str
    contract_version: str
    split_seed: int
    classes: dict[str, tuple[str, ...]]
    read_rows: int
    rejected_rows: int
    leaked_rows: int
    split_rows: dict[str, int]
    making: Making = field(default=Making(), compare=False)

    @property
    def told_set_aside(self) -> str:
        """The rows that did not become examples, in words."""
        return told_set_aside(self.rejected_rows, self.leaked_rows)


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
class EncodedCorpus:
    """A vocabulary and the labelled splits as token ids: `vocabulary.parquet`, `encoded/<split>.parquet`."""

    folder: Path
    fingerprint: str
    vocabulary_size: int
    train_tokens: int
    making: Making = field(default=Making(), compare=False)


@dataclass(frozen=True, slots=True)
class TrainRun:
    """What a run chooses beside its preset. `max_epochs` None: the preset's. `refresh`: that of the step's store."""

    seed: int
    max_epochs: int | None = None
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A complete model folder: `models/<data set>/<run>/`."""

    data_set: str
    origin: Origin
    label: str
    preset: str
    run: str
    folder: Path
    fingerprint: str
    epochs: int
    weights: int
    test_rows: int
    seconds: float
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
        best_baseline: name of the baseline with most right answers on test, and its rate.
    """

    data_set: str
    origin: Origin
    label: str
    preset: str
    run: str
    folder: Path
    fingerprint: str
    signal: Literal["found", "not found"]
    against_baseline: Literal["better", "not separable", "worse"]
    best_baseline: str
    best_baseline_rate: float
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

    signal: Literal["found", "not found"]
    against_baseline: Literal["better", "not separable", "worse", "no model"]
    against_champion: Literal["first", "better", "not separable", "worse", "not comparable", "no model"]
    decision: Literal["promoted", "not promoted"]
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict of a run and where its pages stand.

    Attributes:
        data: the examples, of whose train split the model learned and on whose test split it was judged.
        evaluated: the model's figures; None where nothing was trained, because there is no signal.
        folder: of the model; where nothing was trained, of the signal test.
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
