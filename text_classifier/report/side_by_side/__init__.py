"""Two reported models of one data set beside each other: one page, its figures as JSON, the rows they disagree on."""

from text_classifier.report.side_by_side.writing import write_side_by_side

__all__ = ["write_side_by_side"]
