"""Applying the news contract to many rows: time and peak memory of ingesting and of validating, beside the file's size.

`python -m benchmarks.contract FOLDER --rows 1000000` writes a file of so many articles of about 200 bytes there;
`--file` takes another one, such as one that `benchmarks.delimited` has written. Each step runs in a process of its own.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.delimited import CATEGORIES, CONTRACTS, NAMES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--step", choices=("ingest", "validate"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        print(_measured(asked.step, asked.file, asked.folder))
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.file or _written(asked.folder / f"rows-{asked.rows}.csv", asked.rows)
    print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory(dir=asked.folder) as root:
        for step in ("ingest", "validate"):
            call = [sys.executable, "-m", "benchmarks.contract", root, "--file", str(path), "--step", step]
            print(" ", subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip())


def _measured(step: str, path: Path, root: Path) -> str:
    from text_classifier.contract import Surroundings, load_contract, validate
    from text_classifier.corpus import SourceRequest, ingest, raw_rows
    from text_classifier.report.contract_page import contract_page
    from text_classifier.store import Store

    contract, store = load_contract(CONTRACTS, "news"), Store(root)
    started = time.perf_counter()
    ingested = ingest(SourceRequest("news", str(path), 30), CONTRACTS, store)
    if step == "validate":
        started = time.perf_counter()
        lent = Surroundings(lambda _: None, contract_page, raw_rows(ingested, contract, root))
        validate(ingested, contract, store, lent)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return f"{step:9} {ingested.kept_rows:>10,} rows {seconds:7.1f} s {peak:6.0f} MB"


def _written(path: Path, rows: int) -> Path:
    rng = random.Random(3)
    if not path.exists():
        with path.open("w", encoding="utf-8") as file:
            file.write(";".join(NAMES) + "\n")
            for number in range(rows):
                words = " ".join(str(rng.random()) for _ in range(8))
                label = ("real", "fake")[number % 2]
                few = f"source {number % 50};author {number % 5_000};{CATEGORIES[number % 7]};{label}"
                file.write(f"headline {number};{words};2024-01-03;{few}\n")
    return path


if __name__ == "__main__":
    main()
