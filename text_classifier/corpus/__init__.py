"""Sources into rows: fetch what is named (or generate it), and read it into typed Parquet without losing a row."""

from text_classifier.corpus.delimited.raw_rows import raw_rows
from text_classifier.corpus.generators import GENERATORS
from text_classifier.corpus.ingest import SourceRequest, ingest
from text_classifier.corpus.readers import READERS
from text_classifier.corpus.rejected_rows import export_rejected
from text_classifier.corpus.repairs import readmit
from text_classifier.corpus.sources.watch import Sighting, announcing

__all__ = [
    "GENERATORS",
    "READERS",
    "Sighting",
    "SourceRequest",
    "announcing",
    "export_rejected",
    "ingest",
    "raw_rows",
    "readmit",
]
