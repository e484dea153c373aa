from pathlib import Path

import pytest
from pydantic import ValidationError

from text_classifier.config import (
    PRESETS,
    ModelOptions,
    Preset,
    PromotionRule,
    Settings,
    SignalRule,
    TrainingOptions,
    preset_named,
    skips_training,
)
from text_classifier.errors import ConfigError, UnknownNameError


def test_an_unknown_preset_lists_the_known_ones() -> None:
    known = "default, fast, keras-bilstm, news-lstm, pretrained, smoke, smoke-pretrained"
    with pytest.raises(UnknownNameError, match=known):
        preset_named("defaults")


def test_neither_a_notebook_nor_a_tiny_model_may_be_promoted() -> None:
    promoted = [name for name, preset in PRESETS.items() if preset.may_be_promoted]
    assert promoted == ["default", "fast", "pretrained"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("asked", [None, True, False])
def test_training_without_a_signal_is_skipped_as_asked_else_as_the_preset_says(preset: str, asked: bool | None) -> None:
    assert skips_training(preset, asked) == (preset in ("default", "fast", "pretrained") if asked is None else asked)


def test_an_unknown_preset_skips_nothing() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'smoke'"):
        skips_training("smok", None)


def test_the_defaults_ask_a_signal_no_worse_than_the_baseline_and_better_than_the_champion() -> None:
    assert PromotionRule().model_dump() == {
        "require_signal": True,
        "against_baseline": "not worse",
        "against_champion": "better",
        "allow_worse_slices": False,
        "false_promotion_rate": 0.05,
        "horizon_comparisons": 365,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"against_baseline": "equal"},
        {"against_champion": None},
        {"false_promotion_rate": 0},
        {"false_promotion_rate": 1},
        {"horizon_comparisons": 0},
        {"horizon_comparisons": 100_001},
        {"allow_worse": True},
    ],
)
def test_a_rule_of_promotion_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PromotionRule.model_validate(wrong)


@pytest.mark.parametrize("wrong", [{"refits": 0}, {"level": 0}, {"level": 1}, {"seed": -1}, {"levels": 0.1}])
def test_a_rule_of_the_signal_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SignalRule.model_validate(wrong)


def test_a_level_that_no_p_value_reaches_is_refused() -> None:
    assert SignalRule(refits=99, level=0.01).level == 0.01
    with pytest.raises(ValidationError, match=r"p-values of 98 refits never fall to 0\.01"):
        SignalRule(refits=98, level=0.01)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TrainingOptions.model_validate({"batchsize": 3})


def test_an_encoder_is_not_pretrained_where_a_direction_reads_what_it_predicts() -> None:
    with pytest.raises(ValidationError, match="directions apart only"):
        Preset(description="", pretraining=TrainingOptions())


def test_a_pretraining_watches_a_loss() -> None:
    model = ModelOptions(directions="apart")
    with pytest.raises(ValidationError, match="there are no classes"):
        Preset(description="", model=model, pretraining=TrainingOptions(monitor="val_accuracy_rate"))


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


@pytest.mark.parametrize("model", [ModelOptions(architecture="lstm-mlp"), ModelOptions(members=2)])
def test_a_rate_of_its_own_needs_one_encoder(model: ModelOptions) -> None:
    with pytest.raises(ValidationError, match="for a single network of architecture bilstm"):
        Preset(description="", model=model, training=TrainingOptions(encoder_rate_share=0.5))


def test_losses_of_epochs_that_read_other_texts_are_not_compared() -> None:
    with pytest.raises(ValidationError, match="monitor val"):
        training = TrainingOptions(unsup_epochs=1, monitor="train_loss")
        Preset(description="", model=ModelOptions(wide_ngram_tokens=1), training=training)


def test_unsup_epochs_are_of_the_training() -> None:
    with pytest.raises(ValidationError, match="unsup_epochs is of training"):
        Preset(description="", model=ModelOptions(directions="apart"), pretraining=TrainingOptions(unsup_epochs=1))


@pytest.mark.parametrize(("ngrams", "holds_out"), [(0, True), (3, False)])
def test_unlabelled_texts_are_read_where_ngrams_and_a_val_split_label_them(ngrams: int, holds_out: bool) -> None:
    with pytest.raises(ValidationError, match="unsup_epochs needs"):
        Preset(
            description="",
            model=ModelOptions(wide_ngram_tokens=ngrams),
            training=TrainingOptions(unsup_epochs=1, hold_out_val=holds_out),
        )


def test_a_preset_reads_unsup_where_its_encoder_or_its_first_epochs_do() -> None:
    reading = [name for name, preset in PRESETS.items() if preset.reads_unsup]
    assert reading == ["default", "pretrained", "smoke-pretrained"]
