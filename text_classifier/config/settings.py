"""Facts of this machine, from the environment. Read in `tasks/` only."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TEXT_CLASSIFIER_"
_CHECKOUT_DIR = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Read anew at each construction; `.env.example` documents every variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(_CHECKOUT_DIR / "data", description="Root of everything that a run writes.")
    contracts_dir: Path = Field(_CHECKOUT_DIR / "data_contracts", description="Folder of the data contracts.")
    download_timeout_seconds: float = Field(30, gt=0, description="Longest wait for an answer of a download's server.")

    @field_validator("data_dir", "contracts_dir")
    @classmethod
    def _made_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    def source_of(self, data_set: str) -> str | None:
        """The source that `TEXT_CLASSIFIER_<DATA SET>` names, such as TEXT_CLASSIFIER_IMDB; None when unset."""
        return os.environ.get(PREFIX + data_set.upper().replace("-", "_")) or None
