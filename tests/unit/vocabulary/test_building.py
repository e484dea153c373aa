import csv
import dataclasses
import hashlib
import itertools
import logging
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.config import ModelOptions, Preset, TrainingOptions, VocabularyOptions, preset_named
from text_classifier.errors import DamagedOutputError, OutputUnwritableError, TrainingError
from text_classifier.records import EncodedCorpus
from text_classifier.store import Store
from text_classifier.vocabulary import TOKENIZERS, VOCABULARY_FILE, Vocabulary, build
from text_classifier.vocabulary.ranking import SPECIALS

SPLITS = {
    "train": [("b a a, b c!", "x"), ("a d", "y"), ("", "y")],
    "val": [("e e e a", "x")],
    "test": [("f c", "y")],
}


def preset(hold_out_val: bool = True, **vocabulary: object) -> Preset:
    options = VocabularyOptions.model_validate({"min_count": 1} | vocabulary)
    return Preset(description="", vocabulary=options, training=TrainingOptions(hold_out_val=hold_out_val))


def rows(corpus: EncodedCorpus) -> list[tuple[str, int, int, int]]:
    table = pq.read_table(corpus.folder / VOCABULARY_FILE)
    assert table.schema.types == [pa.string(), pa.int32(), pa.int64(), pa.int64()]
    return [tuple(row.values()) for row in table.to_pylist()]


def encoded(corpus: EncodedCorpus, split: str) -> list[list[int]]:
    return pq.read_table(corpus.folder / "encoded" / f"{split}.parquet")["token_ids"].to_pylist()


def test_ids_go_by_frequency_in_train_then_by_token(write_data_set, tmp_path: Path) -> None:
    corpus = build(write_data_set(SPLITS), preset(), Store(tmp_path))
    assert rows(corpus) == [
        ("[PAD]", 0, 0, 0),
        ("[UNK]", 1, 0, 0),
        ("a", 2, 3, 2),
        ("b", 3, 2, 1),
        ("!", 4, 1, 1),
        ("c", 5, 1, 1),
        ("d", 6, 1, 1),
    ]
    assert encoded(corpus, "train") == [[3, 2, 2, 3, 5, 4], [2, 6], []]
    assert encoded(corpus, "val") == [[1, 1, 1, 2]]
    assert (corpus.vocabulary_size, corpus.train_tokens) == (7, 8)


def test_encoded_splits_keep_the_order_and_keys_of_their_examples(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS)
    corpus = build(data_set, preset(), Store(tmp_path))
    table = pq.read_table(corpus.folder / "encoded" / "train.parquet")
    examples = pq.read_table(data_set.folder / "examples" / "train.parquet")
    assert table.select(["example_id", "text_digest"]).equals(examples.select(["example_id", "text_digest"]))
    assert table.schema.field("token_ids").type == pa.list_(pa.int32())
    assert table["length"].to_pylist() == [6, 2, 0]


def test_rare_tokens_and_those_beyond_the_size_are_unknown(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS)
    assert [row[0] for row in rows(build(data_set, preset(min_count=2), Store(tmp_path)))][2:] == ["a", "b"]
    assert [row[0] for row in rows(build(data_set, preset(max_size=5), Store(tmp_path)))][2:] == ["a", "b", "!"]


def test_the_order_of_appearance_is_that_of_the_train_split(write_data_set, tmp_path: Path) -> None:
    corpus = build(write_data_set(SPLITS), preset(order="appearance"), Store(tmp_path))
    assert [(token, count) for token, _, count, _ in rows(corpus)][2:] == [
        ("b", 2),
        ("a", 3),
        ("c", 1),
        ("!", 1),
        ("d", 1),
    ]


def test_keras_ranks_that_came_with_the_source_decide_the_ids(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS, word_ranks={"nowhere": 1, "a": 3, "b": 2, "c": 4})
    corpus = build(data_set, preset(order="keras-ranks", tokenizer="keras", max_size=7), Store(tmp_path))
    names = [(token, token_id) for token, token_id, _, _ in rows(corpus)]
    assert names[4:] == [("nowhere", 4), ("b", 5), ("a", 6)]  # id = rank + 3; c would be 7, beyond the size
    assert encoded(corpus, "train") == [[1, 5, 6, 6, 5, 2], [1, 6, 2], [1]]


def test_without_ranks_keras_ids_go_by_frequency(write_data_set, tmp_path: Path) -> None:
    corpus = build(write_data_set(SPLITS), preset(order="keras-ranks", tokenizer="keras"), Store(tmp_path))
    assert [row[0] for row in rows(corpus)] == ["[PAD]", "[START]", "[UNK]", "[UNUSED]", "a", "b", "c", "d"]


def test_ranks_with_a_gap_are_refused(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS, word_ranks={"a": 1, "b": 3})
    with pytest.raises(DamagedOutputError, match="gaps or doubles"):
        build(data_set, preset(order="keras-ranks", tokenizer="keras"), Store(tmp_path))


def test_a_preset_that_trains_on_val_counts_it_too(write_data_set, tmp_path: Path) -> None:
    corpus = build(write_data_set(SPLITS), preset(hold_out_val=False), Store(tmp_path))
    assert ("a", 2, 4, 3) in rows(corpus)
    assert ("e", 3, 3, 1) in rows(corpus)


@pytest.mark.parametrize("name", ["default", "keras-bilstm", "news-lstm"])
def test_a_loaded_vocabulary_encodes_as_the_corpus_was_encoded(name: str, write_data_set, tmp_path: Path) -> None:
    chosen = preset_named(name)
    corpus = build(write_data_set(SPLITS), chosen, Store(tmp_path))
    vocabulary = Vocabulary.load(corpus.folder / VOCABULARY_FILE, chosen.vocabulary)
    assert len(vocabulary) == corpus.vocabulary_size
    for split, pairs in SPLITS.items():
        assert vocabulary.encode([text for text, _ in pairs]).to_pylist() == encoded(corpus, split)


def test_a_vocabulary_is_told_by_its_tokens_their_order_and_its_tokenizer() -> None:
    def digest(tokens: list[str], tokenizer: str = "words", version: int = 1) -> str:
        of = dataclasses.replace(TOKENIZERS[tokenizer], version=version)
        return Vocabulary(of, SPECIALS["frequency"], pa.array(tokens)).digest

    first = digest(["[PAD]", "[UNK]", "a", "b"])
    assert first == hashlib.sha256(b'["words", 1, ["[PAD]", "[UNK]", "a", "b"]]').hexdigest()
    others = [
        digest(["[PAD]", "[UNK]", "b", "a"]),
        digest(["[PAD]", "[UNK]", "ab"]),
        digest(["[PAD]", "[UNK]", "a", "b"], "keras"),
        digest(["[PAD]", "[UNK]", "a", "b"], version=2),
    ]
    assert len({first, *others}) == 5


@pytest.mark.parametrize("order", ["frequency", "appearance", "keras-ranks"])
def test_memory_and_threads_change_no_byte(order: str, write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS, word_ranks={"nowhere": 1, "c": 2, "a": 3} if order == "keras-ranks" else None)
    for split in SPLITS:
        path = data_set.folder / "examples" / f"{split}.parquet"
        pq.write_table(pq.read_table(path), path, row_group_size=1)  # a block for each row
    made = [
        build(data_set, preset(order=order, max_size=6), Store(tmp_path / str(size)), memory_bytes=size)
        for size in (1, 1_000, 10**10)
    ]
    files = [storage.read_manifest(corpus.folder).outputs for corpus in made]
    assert files[0] == files[1] == files[2]
    assert files[0].keys() == {VOCABULARY_FILE, *(f"encoded/{split}.parquet" for split in SPLITS)}


def test_unsup_is_encoded_where_the_preset_reads_it_and_counts_for_nothing(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS | {"unsup": [("a a z", None), ("z b", None)]}, classes=("x", "y"))
    plain = build(data_set, preset(), Store(tmp_path))
    assert not (plain.folder / "encoded" / "unsup.parquet").exists()
    reading = Preset(
        description="A test.",
        vocabulary=preset().vocabulary,
        model=ModelOptions(wide_ngram_tokens=1),
        training=TrainingOptions(unsup_epochs=1),
    )
    corpus = build(data_set, reading, Store(tmp_path))
    assert rows(corpus) == rows(plain)
    assert encoded(corpus, "unsup") == [[2, 2, 1], [1, 3]]
    assert encoded(corpus, "train") == encoded(plain, "train")


def test_a_vocabulary_with_gaps_in_its_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / VOCABULARY_FILE
    pq.write_table(pa.table({"token": ["[PAD]", "a"], "token_id": pa.array([0, 2], pa.int32())}), path)
    with pytest.raises(DamagedOutputError, match="gaps"):
        Vocabulary.load(path, VocabularyOptions())


def test_the_same_corpus_is_reused_unless_refreshed(write_data_set, tmp_path: Path, caplog) -> None:
    data_set = write_data_set(SPLITS)
    first = build(data_set, preset(), Store(tmp_path))
    written = (first.folder / storage.MANIFEST).stat().st_ino
    with caplog.at_level(logging.INFO):
        assert build(data_set, preset(), Store(tmp_path)) == first
    assert "reused" in caplog.text
    assert (first.folder / storage.MANIFEST).stat().st_ino == written
    assert build(data_set, preset(), Store(tmp_path, refresh=True)) == first
    assert (first.folder / storage.MANIFEST).stat().st_ino != written


def test_a_damaged_corpus_is_built_anew(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS)
    corpus = build(data_set, preset(), Store(tmp_path))
    (corpus.folder / "encoded" / "val.parquet").write_bytes(b"")
    assert encoded(build(data_set, preset(), Store(tmp_path)), "val") == [[1, 1, 1, 2]]


def test_other_options_get_a_folder_of_their_own(write_data_set, tmp_path: Path) -> None:
    data_set = write_data_set(SPLITS)
    assert len({build(data_set, preset(min_count=count), Store(tmp_path)).folder for count in (1, 2)}) == 2


@pytest.mark.parametrize(
    ("splits", "message"),
    [({"train": [("", "x"), ("...", "y")]}, "no token gets an id"), ({"test": [("a", "x")]}, "no example")],
)
def test_nothing_to_count_is_an_error(splits, message: str, write_data_set, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message):
        build(write_data_set(splits), preset(), Store(tmp_path))
    assert not list(tmp_path.glob("vocabularies/*"))


def test_a_data_root_that_cannot_be_written_is_told(write_data_set, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        build(write_data_set(SPLITS), preset(), Store(tmp_path / "file"))


@pytest.mark.skipif("TEXT_CLASSIFIER_TEST_NEWS" not in os.environ, reason="TEXT_CLASSIFIER_TEST_NEWS is not set")
def test_the_news_file_has_the_971_words_of_the_notebook(write_data_set, tmp_path: Path) -> None:
    with Path(os.environ["TEXT_CLASSIFIER_TEST_NEWS"]).open(encoding="utf-8", newline="") as stream:
        articles = list(itertools.islice(csv.DictReader(stream, delimiter=";"), 1_000))
    data_set = write_data_set({"train": [(article["text"], article["category"]) for article in articles]})
    assert build(data_set, preset_named("news-lstm"), Store(tmp_path)).vocabulary_size == 973
