"""Vocabulary and token ids of film reviews, text Parquet to Parquet: this project beside plain Python and its peers.

`python -m benchmarks.vocabulary FOLDER`, the examples of a data set of reviews: those of all splits become one file.
Every contestant counts all texts, keeps the 29,998 most frequent tokens and writes a vocabulary and the ids of every
text; it runs in a process of its own on the same two cores. The peer needs the extra `peers`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

WORDS, LEAST, SPECIAL = 30_000, 2, ("[PAD]", "[UNK]")
CORES = 2
WORD = r"\p{L}\p{M}\p{N}"
KEYS = ["example_id", "text_digest"]


def ours(path: Path, out: Path) -> None:
    from text_classifier.config import preset_named
    from text_classifier.records import DataSet
    from text_classifier.store import Store
    from text_classifier.vocabulary import build

    folder = path.parents[1]
    data_set = DataSet("imdb", "source", folder, "", "", "1.0.0", 1, {}, 0, 0, 0, {})
    made = build(data_set, preset_named("default"), Store(out)).folder
    (made / "vocabulary.parquet").rename(out / "vocabulary.parquet")
    (made / "encoded" / "train.parquet").rename(out / "encoded.parquet")


def plain_python(path: Path, out: Path) -> None:
    """What a careful person writes with `re` and `Counter`."""
    import re

    tag = re.compile("<br */?>")
    in_ascii, in_any = (re.compile(f"{word}(?:'{word})*|[!?]") for word in (r"[^\W_]+", _with_marks()))
    examples = pq.read_table(path, columns=[*KEYS, "text"])
    counts: Counter[str] = Counter()
    tokenized = []
    for text in examples["text"].to_pylist():
        pattern = in_ascii if text.isascii() else in_any  # which takes 16 times as long
        tokens = pattern.findall(tag.sub(" ", text.lower().replace("’", "'")))
        counts.update(tokens)
        tokenized.append(tokens)
    frequent = sorted((item for item in counts.items() if item[1] >= LEAST), key=lambda item: (-item[1], item[0]))
    words = [*SPECIAL, *(word for word, _ in frequent)][:WORDS]
    token_ids = {word: token_id for token_id, word in enumerate(words)}
    _write(out, words, examples, ([token_ids.get(token, 1) for token in tokens] for tokens in tokenized))


def tokenizers(path: Path, out: Path) -> None:
    """Hugging Face's, with the same splitting, on its own threads."""
    os.environ |= {"TOKENIZERS_PARALLELISM": "true", "RAYON_NUM_THREADS": str(CORES)}
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase, Replace, Sequence
    from tokenizers.pre_tokenizers import Split
    from tokenizers.trainers import WordLevelTrainer

    tokenizer = Tokenizer(WordLevel(unk_token=SPECIAL[1]))
    tokenizer.normalizer = Sequence([Lowercase(), Replace("’", "'"), Replace(Regex("<br */?>"), " ")])
    tokenizer.pre_tokenizer = Split(Regex(rf"[{WORD}]+(?:'[{WORD}]+)*|[!?]"), "removed", invert=True)
    trainer = WordLevelTrainer(vocab_size=WORDS, min_frequency=LEAST, special_tokens=list(SPECIAL), show_progress=False)
    examples = pq.read_table(path, columns=[*KEYS, "text"])
    texts = examples["text"].to_pylist()
    batches = [texts[start : start + 1_000] for start in range(0, len(texts), 1_000)]
    tokenizer.train_from_iterator(batches, trainer, length=len(texts))
    vocabulary = tokenizer.get_vocab()
    encoded = (found.ids for batch in batches for found in tokenizer.encode_batch_fast(batch))
    _write(out, sorted(vocabulary, key=vocabulary.__getitem__), examples, encoded)


CONTESTANTS: dict[str, Callable[[Path, Path], None]] = {
    "this project": ours,
    "Hugging Face tokenizers": tokenizers,
    "plain Python": plain_python,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds train.parquet, val.parquet, test.parquet, unsup.parquet")
    parser.add_argument("--copies", type=int, default=1, help="how often every review stands in the file")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=CONTESTANTS, nargs="+", default=list(CONTESTANTS))
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contestant:
        print(json.dumps(_measured(CONTESTANTS[asked.contestant], asked.folder, asked.out)))
        return
    with tempfile.TemporaryDirectory() as place:
        path = _one_file(asked.folder, Path(place, "examples"), asked.copies)
        for name in asked.only:
            runs = [_run(name, path, Path(place, name, str(number))) for number in range(asked.repeats)]
            best = min(runs, key=lambda run: run["seconds"])
            walls = " ".join(f"{run['seconds']:.2f}" for run in runs)
            told = f"{best['seconds']:6.2f} s ({walls}), {best['cpu_seconds']:6.2f} CPU-s, {best['megabytes']:5.0f} MB"
            print(f"{name:24} {told}  {_compared(Path(place), asked.only[0], name)}", flush=True)


def _run(name: str, path: Path, out: Path) -> dict[str, float]:
    out.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.vocabulary", str(path), "--contestant", name, "--out", str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _measured(contestant: Callable[[Path, Path], None], path: Path, out: Path) -> dict[str, float]:
    """Imports come first and are not counted."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    if contestant is ours:
        import text_classifier.vocabulary  # noqa: F401
    started, cpu_started = time.perf_counter(), time.process_time()
    contestant(path, out)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "megabytes": peak / (1e6 if sys.platform == "darwin" else 1e3),
    }


def _one_file(examples: Path, folder: Path, copies: int) -> Path:
    folder.mkdir()
    path, writer, row = folder / "train.parquet", None, 0
    for source in [examples / f"{split}.parquet" for split in ("train", "val", "test", "unsup")] * copies:
        with pq.ParquetFile(source) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, [*KEYS, "text"])
                rows = rows.append_column("row", pa.array(range(row, row + len(rows)), pa.int64()))
                row += len(rows)
                writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
                writer.write_table(rows)
    assert writer is not None
    writer.close()
    print(f"{row:,} reviews in one file of {path.stat().st_size / 1e6:.0f} MB", flush=True)
    return path


def _write(out: Path, words: list[str], examples: pa.Table, token_ids: Iterable[list[int]]) -> None:
    vocabulary = pa.table({"token": words, "token_id": pa.array(range(len(words)), pa.int32())})
    pq.write_table(vocabulary, out / "vocabulary.parquet", compression="zstd")
    encoded = pa.array(token_ids, pa.list_(pa.int32()))
    pq.write_table(
        examples.select(KEYS).append_column("token_ids", encoded), out / "encoded.parquet", compression="zstd"
    )


def _compared(place: Path, first: str, other: str) -> str:
    """How many texts have the same words among those that both contestants give an id."""
    words = [_words(place / name / "0") for name in (first, other)]
    equal = sum(one == two for one, two in zip(*words, strict=True))
    return f"{equal:,} of {len(words[0]):,} texts as {first} has them"


def _words(out: Path) -> list[list[str]]:
    import numpy as np

    tokens = np.array(pq.read_table(out / "vocabulary.parquet")["token"].to_pylist(), dtype=object)
    lists = pq.read_table(out / "encoded.parquet", columns=["token_ids"])["token_ids"].combine_chunks()
    found = tokens[lists.values.to_numpy()]
    return [part.tolist() for part in np.split(found, lists.offsets.to_numpy()[1:-1])]


def _with_marks() -> str:
    r"""Letters, marks and numbers for `re`, which has no \p{L}: its \w without the underscore, and the marks."""
    import unicodedata

    marks = "".join(sign for sign in map(chr, range(0x110000)) if unicodedata.category(sign).startswith("M"))
    return rf"(?:[^\W_]++|[{marks}]++)++"


if __name__ == "__main__":
    main()
