"""Publishes what breaks pages, in a process of its own: Prefect binds a process to the first server that it uses."""

import math
import sys
from datetime import UTC, datetime
from decimal import Decimal

from prefect import flow

from tasks.dashboard import publish_markdown, publish_table
from text_classifier.showable import markdown_text


@flow(name="odd-values")
def publish(hostile: str) -> None:
    odd = {"inf": math.inf, "nan": math.nan, "none": None, "decimal": Decimal("1.5"), "when": datetime.now(UTC)}
    odd |= {"big": 10**30, "text": hostile, "surrogate": "\ud800", "control": "a\x00b\x1b[31m", "list": [1]}
    publish_table("odd-table", [odd, {"another column": 1}], f"Odd values {hostile}")
    publish_markdown("odd-text", f"Odd values: {markdown_text(hostile)}", "Odd values")


if __name__ == "__main__":
    publish(sys.argv[1])
