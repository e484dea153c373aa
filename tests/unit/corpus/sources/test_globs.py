import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.sources.fetch import fetch
from text_classifier.corpus.sources.globs import NAMED_AT_MOST
from text_classifier.corpus.sources.raw import main_file
from text_classifier.errors import SourceError, SourceFormatError, SourceNotFoundError
from text_classifier.records import RawSource

Take = Callable[..., RawSource]
NOON = 1_700_000_000


def deliver(folder: Path, name: str, day: float = 0, data: bytes | None = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.fsencode(str(path)) if data is None else data)
    os.utime(path, (NOON + day * 86_400,) * 2)
    return path


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def take(tmp_path: Path, contract: Contract) -> Take:
    return lambda pattern, of=contract: fetch(of, str(pattern), tmp_path / "data", 1)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_the_newest_file_wins_whatever_its_name(inbox: Path, take: Take) -> None:
    deliver(inbox, "news-3.csv", 1)
    newest = deliver(inbox, "news-1.csv", 3)
    deliver(inbox, "news-2.csv", 2)
    deliver(inbox, "other.csv", 9)
    source = take(inbox / "news-*.csv")
    assert source.address == str(newest)
    assert main_file(source).read_bytes() == newest.read_bytes()


def test_of_files_of_one_moment_the_last_by_name_wins(inbox: Path, take: Take) -> None:
    for number in (2, 3, 1):
        deliver(inbox, f"news-{number}.csv")
    assert take(inbox / "news-?.csv").address == str(inbox / "news-3.csv")


@pytest.mark.parametrize("pattern", ["**/*.csv", "**", "*/*/a.csv", "[xy]/**/a.csv"])
def test_folders_may_stand_for_others_too(inbox: Path, take: Take, pattern: str) -> None:
    deliver(inbox, "x/2026/b.txt", -1)
    newest = deliver(inbox, "x/2026/a.csv", 2)
    assert take(inbox / pattern).address == str(newest)


def test_a_pattern_below_the_home_folder_is_found(inbox: Path, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(inbox))
    deliver(inbox, "a.csv")
    assert take("~/*.csv").address == str(inbox / "a.csv")


def test_a_pattern_relative_to_the_working_folder_is_recorded_with_its_whole_path(
    inbox: Path, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inbox)
    deliver(inbox, "a.csv")
    assert take("*.csv").address == str(inbox / "a.csv")


@pytest.mark.parametrize("name", ["a[1].csv", "a*.csv", "wh?t.csv", "**"])
def test_a_name_that_exists_is_no_pattern(inbox: Path, take: Take, name: str) -> None:
    named = deliver(inbox, name, 0)
    for other in ("a1.csv", "ab.csv", "what.csv"):
        deliver(inbox, other, 5)
    assert take(named).address == str(named)


def test_a_folder_whose_name_looks_like_a_pattern_is_taken_as_it_is(
    inbox: Path, take: Take, reviews_contract: Contract
) -> None:
    named = deliver(inbox, "of [all]/imdb.csv")
    assert take(named.parent, reviews_contract).address == str(named)


def test_only_regular_files_fit(inbox: Path, take: Take) -> None:
    plain = deliver(inbox, "a.csv")
    (inbox / "b.csv").mkdir()
    (inbox / "c.csv").symlink_to(inbox / "gone.csv")
    (inbox / "d.csv").symlink_to(inbox / "d.csv")
    os.mkfifo(inbox / "e.csv")
    assert take(inbox / "*.csv").address == str(plain)


def test_a_hidden_file_fits_only_when_asked_for(inbox: Path, take: Take) -> None:
    plain = deliver(inbox, "a.csv")
    hidden = deliver(inbox, ".a.csv.Xy12", 5)
    deliver(inbox, ".snapshot/a.csv", 5)
    assert take(inbox / "**/*a.csv*").address == str(plain)
    assert take(inbox / ".*.csv.*").address == str(hidden)


def test_a_link_to_the_newest_file_is_that_file(inbox: Path, take: Take, caplog: pytest.LogCaptureFixture) -> None:
    newest = deliver(inbox, "news-1.csv")
    (inbox / "news-latest.csv").symlink_to(newest)
    assert take(inbox / "news-*.csv").address == str(newest)
    assert not warnings(caplog)


def test_links_that_lead_in_circles_end(inbox: Path, take: Take) -> None:
    deliver(inbox, "x/a.csv")
    for name in ("one", "two", "three"):
        (inbox / "x" / name).symlink_to(inbox)
    assert take(inbox / "**/*.csv").address == str(inbox / "x" / "a.csv")


def test_a_companion_stands_beside_the_file_that_wins(inbox: Path, take: Take, reviews_contract: Contract) -> None:
    deliver(inbox, "1/imdb.npz", 0)
    deliver(inbox, "2/imdb.npz", 1)
    with pytest.raises(SourceNotFoundError, match=r"2/imdb_word_index\.json"):
        take(inbox / "*/imdb.npz", reviews_contract)
    deliver(inbox, "2/imdb_word_index.json")
    source = take(inbox / "*/imdb.npz", reviews_contract)
    assert (source.form, source.address) == ("imdb-npz", str(inbox / "2" / "imdb.npz"))
    assert (source.folder / "imdb_word_index.json").exists()


def test_no_file_that_fits_is_an_error_that_names_what_is_there(inbox: Path, take: Take, tmp_path: Path) -> None:
    deliver(inbox, "olds-1.csv")
    deliver(inbox, "new\nline.txt")
    with pytest.raises(SourceNotFoundError) as refusal:
        take(inbox / "news-*.csv")
    assert str(refusal.value) == (
        f"no file fits the pattern; where: {inbox}/news-*.csv; seen: in {inbox}: 'new\\nline.txt', olds-1.csv; "
        "expected: at least one file whose name fits; *, ? and [ stand for others, ** for folders; "
        "to do: correct the parameter `source` or TEXT_CLASSIFIER_ARTICLES, or deliver the file"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        ("*.csv", "in {inbox}: nothing"),
        ("gone/*.csv", "in {inbox}/gone: No such file or directory"),
        ("a**/x", r"'\*\*' can only be an entire path component"),
        ("*" * 5_000, "in {inbox}: "),
    ],
)
def test_a_pattern_that_cannot_fit_is_told_so(inbox: Path, take: Take, pattern: str, seen: str) -> None:
    with pytest.raises(SourceNotFoundError, match=seen.format(inbox=inbox)):
        take(inbox / pattern)


def test_the_content_of_a_full_folder_is_told_in_short(inbox: Path, take: Take) -> None:
    for number in range(1_000):
        (inbox / f"{number:04}.txt").touch()
    with pytest.raises(SourceNotFoundError, match=r"0000\.txt, .*0019\.txt and 980 more;"):
        take(inbox / "*.csv")


def test_others_that_were_never_ingested_are_named_in_one_warning(
    inbox: Path, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    for day in range(4):
        deliver(inbox, f"news-{day}.csv", day)
    take(inbox / "news-1.csv")
    take(inbox / "news-*.csv")
    (warning,) = warnings(caplog)
    assert f"never ingested: 2 others: {inbox}/news-2.csv, {inbox}/news-0.csv; to do: name one" in warning


def test_a_thousand_others_are_named_by_the_first_and_a_count(
    inbox: Path, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    for day in range(1_000):
        deliver(inbox, f"news-{day}.csv", day)
    assert take(inbox / "*.csv").address == str(inbox / "news-999.csv")
    (warning,) = warnings(caplog)
    assert f"999 others: {inbox}/news-998.csv, " in warning
    assert f"{inbox}/news-979.csv and 979 more; to do" in warning
    assert warning.count(".csv") == NAMED_AT_MOST + 1


def test_the_same_bytes_under_another_name_count_as_ingested(
    inbox: Path, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(inbox, "news-1.csv", 1, b"same bytes")
    take(inbox / "news-*.csv")
    deliver(inbox, "news-0.csv", 0, b"same bytes")
    deliver(inbox, "news-2.csv", 2, b"newer bytes")
    take(inbox / "news-*.csv")
    assert not warnings(caplog)


def test_a_copy_of_the_file_that_wins_counts_as_ingested(
    inbox: Path, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    for day in (0, 1):
        deliver(inbox, f"news-{day}.csv", day, b"same bytes")
    take(inbox / "news-*.csv")
    assert not warnings(caplog)


def test_a_file_that_was_overwritten_since_was_never_ingested(
    inbox: Path, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(inbox, "news-1.csv", 0, b"old bytes")
    take(inbox / "news-*.csv")
    (inbox / "news-1.csv").write_bytes(b"new bytes")
    os.utime(inbox / "news-1.csv", (time.time() + 30,) * 2)
    deliver(inbox, "news-2.csv", 0, b"other")
    os.utime(inbox / "news-2.csv", (time.time() + 40,) * 2)
    take(inbox / "news-*.csv")
    (warning,) = warnings(caplog)
    assert "1 others: " in warning
    assert "news-1.csv; to do" in warning


def test_a_file_from_the_future_wins_with_a_warning(inbox: Path, take: Take, caplog: pytest.LogCaptureFixture) -> None:
    future = deliver(inbox, "a.csv", 365 * 200, b"same")
    deliver(inbox, "b.csv", 0, b"same")
    assert take(inbox / "*.csv").address == str(future)
    (warning,) = warnings(caplog)
    assert f"{future} was modified in the future (2223-" in warning


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read")
def test_the_newest_file_is_not_replaced_by_an_older_one_when_it_cannot_be_read(inbox: Path, take: Take) -> None:
    deliver(inbox, "a.csv")
    (inbox / "b.csv").symlink_to("/proc/self/mem")
    with pytest.raises(SourceError, match="the source cannot be read"):
        take(inbox / "*.csv")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read")
def test_an_other_that_cannot_be_read_was_never_ingested(
    inbox: Path, take: Take, caplog: pytest.LogCaptureFixture
) -> None:
    (inbox / "empty.csv").touch()
    take(inbox / "empty.csv")
    (inbox / "b.csv").symlink_to("/proc/self/mem")  # says that it has 0 bytes
    newest = deliver(inbox, "a.csv")
    os.utime(newest, (time.time() + 30,) * 2)
    take(inbox / "[ab].csv")
    (warning,) = warnings(caplog)
    assert "/mem; to do" in warning


def test_names_are_logged_on_one_line(inbox: Path, take: Take, caplog: pytest.LogCaptureFixture) -> None:
    deliver(inbox, "a\nERROR forged.csv", 0)
    shutil.copy(deliver(inbox, "b.csv", 2), os.fsdecode(bytes(inbox) + b"/\xff.csv"))
    os.utime(os.fsdecode(bytes(inbox) + b"/\xff.csv"), (NOON, NOON))
    Path(os.fsdecode(bytes(inbox) + b"/\xff.csv")).write_bytes(b"other")
    os.utime(os.fsdecode(bytes(inbox) + b"/\xff.csv"), (NOON, NOON))
    take(inbox / "*.csv")
    (warning,) = warnings(caplog)
    warning.encode()
    assert "\n" not in warning
    assert "a\\nERROR forged.csv" in warning
    assert "\\udcff.csv" in warning


def test_a_newest_file_whose_name_cannot_be_recorded_is_refused(inbox: Path, take: Take) -> None:
    Path(os.fsdecode(bytes(inbox) + b"/\xff.csv")).write_bytes(b"other")
    with pytest.raises(SourceFormatError, match="not UTF-8"):
        take(inbox / "*.csv")
