from dataclasses import asdict, replace
from pathlib import Path

import pytest
from champion_house import House, a_trained

from text_classifier import storage
from text_classifier.errors import ConfigError, DamagedOutputError, UnknownNameError
from text_classifier.records import Evaluated
from text_classifier.report.side_by_side.chosen import chosen_models


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Of the models "first" and "second" none is in service."""
    house = House(tmp_path)
    for run in ("first", "second"):
        give_facts(house.model(run, 700))
    return house


def give_facts(evaluated: Evaluated) -> None:
    """What a trained model's manifest says of it."""
    manifest = storage.read_manifest(evaluated.folder)
    storage.write_manifest(
        evaluated.folder,
        manifest,
        manifest.facts | asdict(replace(a_trained(evaluated), folder=Path())) | {"folder": ""},
    )


def test_two_named_runs_are_compared_in_that_order(house: House) -> None:
    first, second = chosen_models(house.data_dir, "news", "second", "first")
    assert (first.run, second.run) == ("second", "first")


def test_without_a_second_it_is_the_model_in_service(house: House) -> None:
    with pytest.raises(ConfigError, match="no model in service to compare with"):
        chosen_models(house.data_dir, "news", "second", None)
    house.challenged(house.model("first", 700))
    give_facts(house.model("first", 700))
    first, second = chosen_models(house.data_dir, "news", "second", None)
    assert (first.run, second.run) == ("second", "first")
    with pytest.raises(ConfigError, match=r"with itself.*first, which is the model in service"):
        chosen_models(house.data_dir, "news", "first", None)


def test_a_run_is_not_compared_with_itself(house: House) -> None:
    with pytest.raises(ConfigError, match="two different runs"):
        chosen_models(house.data_dir, "news", "first", "first")


@pytest.mark.parametrize("runs", [("frist", "second"), ("second", "frist")])
def test_an_unknown_run_lists_those_that_there_are(house: House, runs: tuple[str, str]) -> None:
    with pytest.raises(UnknownNameError, match=r"'frist'; expected: first, second; to do: did you mean 'first'"):
        chosen_models(house.data_dir, "news", *runs)


def test_a_data_set_without_models_is_an_error(house: House) -> None:
    with pytest.raises(DamagedOutputError, match="no model of imdb was trained yet"):
        chosen_models(house.data_dir, "imdb", "first", "second")
