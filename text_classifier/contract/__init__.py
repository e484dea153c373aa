"""What the data must be like: contracts, splits, and the step that applies the rules."""

from text_classifier.contract.applied.application import Surroundings
from text_classifier.contract.applied.data_sets import judged_data_set, latest_data_set, validate
from text_classifier.contract.applied.findings import Findings, read_findings
from text_classifier.contract.applied.outcome import ContractOutcome
from text_classifier.contract.applied.verdicts import Verdict, read_verdicts
from text_classifier.contract.declared.columns import Column
from text_classifier.contract.declared.odcs import (
    Contract,
    SplitShares,
    known_data_sets,
    load_contract,
)
from text_classifier.contract.declared.rules import Rule
from text_classifier.contract.declared.servers import SourcePin

__all__ = [
    "Column",
    "Contract",
    "ContractOutcome",
    "Findings",
    "Rule",
    "SourcePin",
    "SplitShares",
    "Surroundings",
    "Verdict",
    "judged_data_set",
    "known_data_sets",
    "latest_data_set",
    "load_contract",
    "read_findings",
    "read_verdicts",
    "validate",
]
