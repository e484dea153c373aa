"""When a data set counts as holding a signal: how often its labels are shuffled, and which p-value is small enough."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from text_classifier.config.options import Options


class SignalRule(Options):
    """The smallest p-value that can come out is 1 / (1 + refits), so `level` must not lie below it."""

    refits: int = Field(200, ge=1, le=100_000, description="How often the labels are shuffled and learned anew.")
    level: float = Field(0.01, gt=0, lt=1, description="Largest p-value (0-1) that counts as a signal.")
    seed: int = Field(0, ge=0, description="Of the shuffling.")

    @model_validator(mode="after")
    def _level_can_be_reached(self) -> Self:
        if (1 + self.refits) * self.level < 1:
            raise ValueError(f"p-values of {self.refits} refits never fall to {self.level}: raise refits or level")
        return self
