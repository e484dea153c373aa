"""A model's report: the page in its folder and the documents of the dashboard.

This face is light: every task cleans its tables with it. `text_classifier.report.write` brings scikit-learn along.
"""

from text_classifier.report.cells import artifact_key, markdown_text, one_line, showable, table_cell, table_rows

__all__ = ["artifact_key", "markdown_text", "one_line", "showable", "table_cell", "table_rows"]
