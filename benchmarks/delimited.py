"""Reading a delimited file to Parquet: this project's reader beside DuckDB's and Arrow's, on the same file.

`python -m benchmarks.delimited FOLDER --megabytes 300` writes two clean files there, one without quotes and one in
which every text is quoted and holds quotes, delimiters and line ends; every reader runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[1] / "data_contracts"
NAMES = ("title", "text", "date", "source", "author", "category", "label")
CATEGORIES = ("Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology")
ROWS_AT_A_TIME = 500


def ours(path: Path, out: Path) -> int:
    from text_classifier.contract import load_contract
    from text_classifier.corpus.delimited.reading import read_delimited
    from text_classifier.corpus.rows import RowSink

    contract = load_contract(CONTRACTS, "news")
    with RowSink(out, contract.columns) as sink:
        read_delimited(path, contract, sink)
    return sink.kept_rows


def duckdb(path: Path, out: Path) -> int:
    import duckdb

    columns = {name: "DATE" if name == "date" else "VARCHAR" for name in NAMES}
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as connection:
        read = (
            f"read_csv('{path}', delim=';', quote='\"', escape='\"', header=true, auto_detect=false, columns={columns})"
        )
        copied = connection.execute(f"COPY (FROM {read}) TO '{out}/rows.parquet' (COMPRESSION zstd)").fetchone()
    return int(copied[0]) if copied else 0


def arrow(path: Path, out: Path) -> int:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    types = {name: pa.date32() if name == "date" else pa.string() for name in NAMES}
    rows = 0
    with (
        pa_csv.open_csv(
            path,
            pa_csv.ReadOptions(block_size=4 << 20),
            pa_csv.ParseOptions(delimiter=";", newlines_in_values=True),
            pa_csv.ConvertOptions(column_types=types),
        ) as batches,
        pq.ParquetWriter(out / "rows.parquet", batches.schema, compression="zstd") as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)
            rows += len(batch)
    return rows


READERS: dict[str, Callable[[Path, Path], int]] = {"ours": ours, "duckdb": duckdb, "arrow": arrow}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reader:
        print(json.dumps(_measured(READERS[asked.reader], asked.folder)))
        return
    for kind in ("plain", "quoted"):
        path = asked.folder / f"{kind}-{asked.megabytes}.csv"
        if not path.exists():
            _write(path, asked.megabytes << 20, is_quoted=kind == "quoted")
        _compare(path, asked.repeats)


def _compare(path: Path, repeats: int) -> None:
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
    for _ in range(repeats):  # in turn, so that a slow minute of the machine meets all of them
        for name, found in runs.items():
            call = [sys.executable, "-m", "benchmarks.delimited", str(path), "--reader", name]
            found.append(json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout))
    print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB")
    for name, found in runs.items():
        seconds = [run["seconds"] for run in found]
        shown = " ".join(f"{value:.2f}" for value in seconds)
        peak, rows = max(run["megabytes"] for run in found), found[0]["rows"]
        print(f"  {name:7} median {statistics.median(seconds):6.2f} s ({shown}), {peak:5.0f} MB, {rows:,} rows")


def _measured(reader: Callable[[Path, Path], int], path: Path) -> dict[str, float]:
    import resource
    import tempfile

    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        started = time.perf_counter()
        rows = reader(path, Path(out))
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "megabytes": peak / (1e6 if sys.platform == "darwin" else 1e3), "rows": rows}


def _write(path: Path, size: int, *, is_quoted: bool) -> None:
    with path.open("wb") as file:
        file.write((";".join(NAMES) + "\n").encode())
        for rows in _rows(is_quoted=is_quoted):
            file.write("".join(rows).encode())
            if file.tell() >= size:
                return


def _rows(*, is_quoted: bool) -> Iterator[list[str]]:
    """Endless articles of about 1,700 characters, no two alike."""
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyzé"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(20_000)]
    while True:
        yield [_row(rng, words, is_quoted=is_quoted) for _ in range(ROWS_AT_A_TIME)]


def _row(rng: random.Random, words: list[str], *, is_quoted: bool) -> str:
    text = rng.choices(words, k=rng.randint(200, 300))
    if is_quoted:
        text[5], text[9], text[60] = f'""{text[5]}""', f"{text[9]};", f"{text[60]}\n"
    joined = f'"{" ".join(text)}"' if is_quoted else " ".join(text)
    day = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    few = f"{rng.choice(words)};{rng.choice(words)};{rng.choice(CATEGORIES)};{rng.choice(('real', 'fake'))}"
    return f"{' '.join(text[:4])};{joined};{day};{few}\n"


if __name__ == "__main__":
    main()
