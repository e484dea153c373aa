"""Facts of this machine, from the environment. Read in `tasks/` only."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from text_classifier.config.options import VOCABULARY_MEGABYTES
from text_classifier.errors import ConfigError

PREFIX = "TEXT_CLASSIFIER_"
_CHECKOUT_DIR = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Read anew at each construction; an empty variable counts as unset. `.env.example` documents every variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    data_dir: Path = Field(_CHECKOUT_DIR / "data", description="Root of everything that a run writes.")
    contracts_dir: Path = Field(_CHECKOUT_DIR / "data_contracts", description="Folder of the data contracts.")
    code_dir: Path = Field(_CHECKOUT_DIR, description="Where workers find the code.")
    download_timeout_seconds: float = Field(
        30, gt=0, allow_inf_nan=False, description="Longest wait for an answer of a download's server."
    )
    vocabulary_megabytes: int = Field(
        VOCABULARY_MEGABYTES, ge=400, description="Memory that building a vocabulary may take beside the interpreter."
    )

    def __init__(self) -> None:
        """Read the environment.

        Raises:
            ConfigError: a variable is wrong; each of them is named.
        """
        try:
            super().__init__()
        except ValidationError as error:
            raise _told(error) from None

    @field_validator("data_dir", "contracts_dir", "code_dir")
    @classmethod
    def _made_absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError(str(error)) from error

    def source_of(self, data_set: str) -> str | None:
        """The source that `TEXT_CLASSIFIER_<DATA SET>` names, such as TEXT_CLASSIFIER_IMDB; None when unset."""
        return os.environ.get(PREFIX + data_set.upper().replace("-", "_")) or None


def _told(error: ValidationError) -> ConfigError:
    wrong = error.errors()
    return ConfigError(
        "a setting in the environment is wrong",
        where=", ".join(f"{PREFIX}{detail['loc'][0]}".upper() for detail in wrong),
        seen=", ".join(repr(detail["input"]) for detail in wrong),
        expected="; ".join(detail["msg"] for detail in wrong),
        to_do="mend the variable, or unset it; .env.example documents each",
    )
