import shutil

import pytest
from champion_house import House, a_trained

from text_classifier import storage
from text_classifier.champion import promote_by_hand, roll_back
from text_classifier.errors import ConfigError, DamagedOutputError
from text_classifier.store import Store


def put_back(house: House, reason: str = "it fails on short texts") -> str:
    return roll_back("news", "category", reason, Store(house.data_dir, "Ana, flow run 7")).run


def test_a_person_puts_a_model_in_service_that_the_rule_refused_and_the_ledger_says_who_and_why(house: House) -> None:
    house.challenged(house.model("first", 700))
    second = house.model("second", 600)
    house.challenged(second)
    line = promote_by_hand(
        a_trained(second), "its errors are the cheaper ones", Store(house.data_dir, "Ana, flow run 7")
    )
    assert (line.kind, line.decision, line.champion) == ("by hand", "promoted", "first")
    assert (line.reason, line.compared_by, line.spent) == ("its errors are the cheaper ones", "Ana, flow run 7", 0)
    assert house.in_service == "second"
    assert house.ledger[-1] == line


def test_the_rule_does_not_undo_what_a_person_decided(house: House) -> None:
    first, second = house.model("first", 900), house.model("second", 600)
    house.challenged(first)
    promote_by_hand(a_trained(second), "its errors are the cheaper ones", Store(house.data_dir))
    comparison = house.challenged(first)
    assert (comparison.against_champion, comparison.decision, comparison.spent) == ("better", "not promoted", 0)
    assert "taken out of service by a person" in comparison.rule
    assert "its errors are the cheaper ones" in comparison.rule
    assert house.challenged(house.model("third", 900)).is_promoted


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"origin": "sample"}, "SAMPLE data never"),
        ({"origin": "generated"}, "GENERATED data never"),
        ({"preset": "news-lstm"}, "preset news-lstm"),
        ({"preset": "smoke"}, "preset smoke"),
    ],
)
def test_what_may_never_be_promoted_is_not_promoted_by_hand_either(
    house: House, change: dict[str, object], words: str
) -> None:
    model = a_trained(house.model("first", 900), **change)
    with pytest.raises(ConfigError, match=words):
        promote_by_hand(model, "because", Store(house.data_dir))
    assert house.ledger == []


def test_the_model_in_service_is_not_put_there_twice(house: House) -> None:
    first = house.model("first", 700)
    house.challenged(first)
    with pytest.raises(ConfigError, match="in service already"):
        promote_by_hand(a_trained(first), "because", Store(house.data_dir))


@pytest.mark.parametrize("file", ["weights.safetensors", "predictions.parquet"])
def test_a_damaged_model_is_not_put_in_service(house: House, file: str) -> None:
    second = house.model("second", 700)
    (second.folder / file).write_bytes(b"changed")
    with pytest.raises(DamagedOutputError, match=file):
        promote_by_hand(a_trained(second), "because", Store(house.data_dir))
    assert house.in_service is None


def test_a_model_that_was_never_scored_on_test_is_not_put_in_service(house: House) -> None:
    second = house.model("second", 700)
    (second.folder / "predictions.parquet").unlink()
    manifest = storage.read_manifest(second.folder)
    storage.write_manifest(second.folder, manifest, manifest.facts)
    with pytest.raises(DamagedOutputError, match=r"predictions\.parquet"):
        promote_by_hand(a_trained(second), "because", Store(house.data_dir))


def test_a_roll_back_puts_the_champion_of_before_back_and_the_next_one_the_champion_before_that(house: House) -> None:
    for run, rows in (("first", 600), ("second", 700), ("third", 800)):
        assert house.challenged(house.model(run, rows)).is_promoted
    assert put_back(house) == "second"
    line = house.ledger[-1]
    assert (line.kind, line.champion, line.reason) == ("roll back", "third", "it fails on short texts")
    assert line.compared_by == "Ana, flow run 7"
    assert put_back(house) == "first"
    assert house.in_service == "first"
    with pytest.raises(ConfigError, match="no champion before this one"):
        put_back(house)


def test_a_roll_back_after_a_promotion_by_hand_undoes_that(house: House) -> None:
    house.challenged(house.model("first", 700))
    promote_by_hand(a_trained(house.model("second", 600)), "because", Store(house.data_dir))
    assert put_back(house) == "first"


def test_a_model_that_was_rolled_back_is_promoted_again_by_a_person_only(house: House) -> None:
    house.challenged(house.model("first", 700))
    second = house.model("second", 900)
    house.challenged(second)
    put_back(house)
    comparison = house.challenged(second)
    assert (comparison.against_champion, comparison.decision) == ("better", "not promoted")
    assert "it fails on short texts" in comparison.rule
    assert house.challenged(second) == comparison
    promote_by_hand(a_trained(second), "short texts are mended upstream", Store(house.data_dir))
    assert house.in_service == "second"


@pytest.mark.parametrize("runs", [(), ("first",)])
def test_without_a_champion_before_there_is_nothing_to_put_back(house: House, runs: tuple[str, ...]) -> None:
    for run in runs:
        house.challenged(house.model(run, 700))
    with pytest.raises(ConfigError, match="no champion before this one"):
        put_back(house)
    assert len(house.ledger) == len(runs)


def test_a_champion_of_before_whose_files_are_damaged_is_named_and_not_put_back(house: House) -> None:
    first = house.model("first", 700)
    house.challenged(first)
    house.challenged(house.model("second", 900))
    shutil.rmtree(first.folder)
    with pytest.raises(DamagedOutputError, match="the champion before this one, first, cannot be put back"):
        put_back(house)
    assert house.in_service == "second"


def test_a_champion_that_is_damaged_itself_is_rolled_back(house: House) -> None:
    house.challenged(house.model("first", 700))
    second = house.model("second", 900)
    house.challenged(second)
    shutil.rmtree(second.folder)
    assert put_back(house) == "first"
