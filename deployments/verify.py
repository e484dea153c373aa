"""`make verify`: derive anew every figure that a run has published; say equal, or name what differs."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from tasks.outcome import only_run_of
from tasks.train import trained_model
from tasks.verify import checked
from text_classifier.errors import TextClassifierError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when all is equal, 1 when something differs, 2 when the run cannot be verified."""
    parser = argparse.ArgumentParser(description="Derive anew every figure that a run has published.")
    parser.add_argument("--data-set", default="news", help="name of a contract in data_contracts/")
    parser.add_argument("--run", default=None, help="folder name of the model; without it, the latest")
    parser.add_argument("--quick", action="store_true", help="take the signal test and the baselines as they stand")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("text_classifier").setLevel(logging.INFO)
    try:
        with only_run_of(asked.data_set):
            verification = checked(trained_model(asked.data_set, asked.run), asked.quick)
    except TextClassifierError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for check in verification.differing:
        print(f"differs: {check.name}\n  published  {check.published}\n  derived    {check.derived}")
    print(verification.sentence)
    return 1 if verification.differing else 0


if __name__ == "__main__":
    sys.exit(main())
