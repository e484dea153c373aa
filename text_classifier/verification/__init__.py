"""Every published figure of a run, derived anew from what its manifest names."""

from text_classifier.verification.checks import Check
from text_classifier.verification.verifying import Verification, verify_run

__all__ = ["Check", "Verification", "verify_run"]
