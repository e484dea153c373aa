"""What a model must show before it is put in service: a setting of each deployment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from text_classifier.config.options import Options

Demand = Literal["better", "not worse", "nothing"]


class PromotionRule(Options):
    """Every condition must hold. A model of SAMPLE or GENERATED data, or of a notebook's preset, is never promoted."""

    require_signal: bool = Field(True, description="Whether a signal must have been found in the data.")
    against_baseline: Demand = Field("not worse", description="Demanded of the model beside the best baseline.")
    against_champion: Demand = Field(
        "better",
        description="Demanded beside the model in service; `better` also of a first one, beside the majority class.",
    )
    allow_worse_slices: bool = Field(
        False, description="Whether a part of the test split may get significantly worse than with the champion."
    )
    false_promotion_rate: float = Field(
        0.05, gt=0, lt=1, description="Largest chance (0-1) that a series of models no better than it promotes one."
    )
    horizon_comparisons: int = Field(
        365, ge=1, le=100_000, description="Length of that series: comparisons, one a night as a rule."
    )
