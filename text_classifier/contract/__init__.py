"""What the data must be like: contracts, splits, and the step that applies the rules."""

from text_classifier.contract.application import Surroundings
from text_classifier.contract.columns import Column
from text_classifier.contract.data_sets import judged_data_set, latest_data_set, validate
from text_classifier.contract.findings import Findings, read_findings
from text_classifier.contract.odcs import (
    Contract,
    SplitShares,
    known_data_sets,
    load_contract,
)
from text_classifier.contract.outcome import ContractOutcome
from text_classifier.contract.rules import Rule
from text_classifier.contract.servers import SourcePin
from text_classifier.contract.verdicts import Verdict, read_verdicts

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
