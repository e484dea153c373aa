"""What a run can be told: parameters, options and presets (values people choose), settings (facts of the machine)."""

from text_classifier.config.options import ModelOptions, Options, TrainingOptions, VocabularyOptions
from text_classifier.config.parameters import (
    DataSetName,
    Fingerprint,
    Label,
    MaxEpochs,
    NamedRun,
    Person,
    Reason,
    RepairedFile,
    RunName,
    Seed,
    SkipTraining,
    Source,
)
from text_classifier.config.presets import PRESETS, Preset, PresetName, preset_named, skips_training
from text_classifier.config.promotion import PromotionRule
from text_classifier.config.settings import Settings
from text_classifier.config.signal import SignalRule

__all__ = [
    "PRESETS",
    "DataSetName",
    "Fingerprint",
    "Label",
    "MaxEpochs",
    "ModelOptions",
    "NamedRun",
    "Options",
    "Person",
    "Preset",
    "PresetName",
    "PromotionRule",
    "Reason",
    "RepairedFile",
    "RunName",
    "Seed",
    "Settings",
    "SignalRule",
    "SkipTraining",
    "Source",
    "TrainingOptions",
    "VocabularyOptions",
    "preset_named",
    "skips_training",
]
