"""Every error of the domain, and which of them are worth a second try.

TextClassifierError
├── ConfigError            a parameter, preset or setting is wrong: change the call
│   └── UnknownNameError   a name that nobody knows; lists the known ones
├── SourceError            the source cannot be had, or is not what it should be
│   ├── SourceNotFoundError
│   ├── SourceUnavailableError   the network or a server refused (transient)
│   └── SourceFormatError        no reader can make rows of it
├── ContractError
│   ├── ContractFileError        the contract itself is wrong
│   └── ContractViolationError   the data broke a rule of severity `error`
│       └── DriftError           one that compares them with the champion's data
├── OutputError
│   ├── OutputUnwritableError    no permission, or the disk is full
│   └── DamagedOutputError       an output is missing, half-written or changed since
├── ServerError            the Prefect server does not answer or does not start
├── TrainingError
└── ReportError
    ├── MisalignedPredictionsError
    └── UnequalReportError       what is published of a run is not what its inputs give
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TextClassifierError(Exception):
    """A failure told in up to five parts: what, where, seen, expected, what to do."""

    def __init__(self, what: str, *, where: str = "", seen: str = "", expected: str = "", to_do: str = "") -> None:
        super().__init__(what)
        self.where, self.seen, self.expected, self.to_do = where, seen, expected, to_do

    def __str__(self) -> str:
        parts = [
            str(self.args[0]),
            self.where and f"where: {self.where}",
            self.seen and f"seen: {self.seen}",
            self.expected and f"expected: {self.expected}",
            self.to_do and f"to do: {self.to_do}",
        ]
        return "; ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"


class ConfigError(TextClassifierError):
    pass


class UnknownNameError(ConfigError):
    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
        """The error for a `name` of some `kind` (such as "preset") that is not among the `known`."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        to_do = f"did you mean {near[0]!r}?" if near else "use one of these names"
        return cls(f"unknown {kind}", seen=repr(name), expected=", ".join(names) or "(none exist)", to_do=to_do)


class SourceError(TextClassifierError):
    pass


class SourceNotFoundError(SourceError):
    pass


class SourceUnavailableError(SourceError):
    pass


class SourceFormatError(SourceError):
    pass


class ContractError(TextClassifierError):
    pass


class ContractFileError(ContractError):
    pass


class ContractViolationError(ContractError):
    pass


class DriftError(ContractViolationError):
    pass


class OutputError(TextClassifierError):
    pass


class OutputUnwritableError(OutputError):
    pass


class DamagedOutputError(OutputError):
    pass


class ServerError(TextClassifierError):
    pass


class TrainingError(TextClassifierError):
    pass


class ReportError(TextClassifierError):
    pass


class MisalignedPredictionsError(ReportError):
    pass


class UnequalReportError(ReportError):
    pass


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later, so that a retry makes sense."""
    return isinstance(error, SourceUnavailableError | ConnectionError | TimeoutError)
