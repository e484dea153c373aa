"""Drift: how a new delivery differs from the data that the champion was trained on, and whether that stops a run."""

from text_classifier.drift.findings import Finding, Measurement, read_findings
from text_classifier.drift.measuring import measure_drift, refusal

__all__ = ["Finding", "Measurement", "measure_drift", "read_findings", "refusal"]
