from pathlib import Path

import pytest
from pydantic import ValidationError

from text_classifier.config import PRESETS, Settings, TrainingOptions, preset_named
from text_classifier.errors import ConfigError, UnknownNameError


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


@pytest.mark.parametrize("name", ["data_dir", "contracts_dir", "code_dir"])
@pytest.mark.parametrize("said", [None, "", "here/below", "~/below"])
def test_a_folder_is_absolute_and_an_empty_variable_is_unset(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str | None
) -> None:
    variable = f"TEXT_CLASSIFIER_{name.upper()}"
    monkeypatch.delenv(variable, raising=False)
    usual = getattr(Settings(), name)
    monkeypatch.setenv(variable, said or "")
    folder = getattr(Settings(), name)
    assert folder.is_absolute()
    assert folder == (Path(said).expanduser().absolute() if said else usual)


@pytest.mark.parametrize(
    ("variable", "said", "expected"),
    [
        ("DOWNLOAD_TIMEOUT_SECONDS", "soon", "valid number"),
        ("DOWNLOAD_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("DOWNLOAD_TIMEOUT_SECONDS", "nan", "finite number"),
        ("DATA_DIR", "~nobody-of-this-name/data", "home directory"),
    ],
)
def test_a_wrong_variable_is_told_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str, expected: str
) -> None:
    monkeypatch.setenv(f"TEXT_CLASSIFIER_{variable}", said)
    with pytest.raises(ConfigError, match=f"where: TEXT_CLASSIFIER_{variable}; seen: '{said}'; expected: .*{expected}"):
        Settings()
