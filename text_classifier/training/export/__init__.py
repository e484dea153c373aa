"""The model as an ONNX file beside its weights, for whoever serves it without PyTorch."""

from text_classifier.training.export.comparing import NOT_ANSWERED, Difference, compare_with_network, metadata
from text_classifier.training.export.model import export, onnx_bytes
from text_classifier.training.export.networks import GRAPHS

__all__ = [
    "GRAPHS",
    "NOT_ANSWERED",
    "Difference",
    "compare_with_network",
    "export",
    "metadata",
    "onnx_bytes",
]
