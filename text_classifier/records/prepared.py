"""What the steps up to training hand on: a source, its rows, its examples, token ids, a model."""

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
class EncodedCorpus:
    """A vocabulary and the splits as token ids: `vocabulary.parquet`, `encoded/<split>.parquet`."""

    folder: Path
    fingerprint: str
    vocabulary_size: int
    train_tokens: int
    making: Making = field(default=Making(), compare=False)


@dataclass(frozen=True, slots=True)
class PretrainedEncoder:
    """A complete encoder folder: `encoders/<data set>/<fingerprint>/`.

    Attributes:
        read_texts: distinct texts that it was trained to continue.
        perplexity: of the texts of val after the best epoch; a token without an id counts as one and the same.
    """

    folder: Path
    fingerprint: str
    read_texts: int
    epochs: int
    perplexity: float
    seconds: float
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
