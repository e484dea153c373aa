import pytest
from pydantic import ValidationError

from text_classifier.config import PRESETS, Settings, TrainingOptions, preset_named
from text_classifier.errors import UnknownNameError


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="default, keras-bilstm, news-lstm, smoke"):
        preset_named("defaults")


def test_only_the_recommendation_may_be_promoted() -> None:
    assert [name for name, preset in PRESETS.items() if preset.may_be_promoted] == ["default"]


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TrainingOptions.model_validate({"batchsize": 3})


def test_an_option_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        TrainingOptions(batch_size=0)


def test_the_data_root_is_absolute() -> None:
    assert Settings().data_dir.is_absolute()
