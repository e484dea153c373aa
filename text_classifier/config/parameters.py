"""Types of the flows' parameters, with their bounds: Prefect makes the run form of them and of the docstrings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

DataSetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Source = Annotated[str, Field(min_length=1, max_length=4_096)] | None
RepairedFile = Annotated[str, Field(min_length=1, max_length=4_096)]
Label = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)] | None
MaxEpochs = Annotated[int, Field(ge=1, le=1_000)] | None
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")] | None
NamedRun = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=200)]
RunName = NamedRun | None
Reason = Annotated[str, Field(pattern=r"\S", max_length=1_000)]
Person = Annotated[str, Field(pattern=r"\S", max_length=200)] | None
SkipTraining = bool | None
