"""Named sets of options: two reproduce the notebooks, `default` is recommended, `fast` cheaper, `smoke` for tests."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from text_classifier.config.options import ModelOptions, Options, TrainingOptions, VocabularyOptions
from text_classifier.errors import UnknownNameError

PresetName = Literal["default", "fast", "pretrained", "smoke", "smoke-pretrained", "keras-bilstm", "news-lstm"]


class Preset(Options):
    """Everything that decides a model, but for the data and the seed."""

    description: str = Field(description="One sentence for people.")
    vocabulary: VocabularyOptions = VocabularyOptions()
    model: ModelOptions = ModelOptions()
    training: TrainingOptions = TrainingOptions()
    pretraining: TrainingOptions | None = Field(
        None, description="How the encoder that the weights start from is trained on unlabelled text; none: at random."
    )
    may_be_promoted: bool = Field(False, description="Whether a model of this preset may become champion.")
    skip_training_without_signal: bool = Field(
        False, description="Whether nothing is trained where the texts say nothing about the label."
    )

    @model_validator(mode="after")
    def _an_encoder_is_blind_for_what_it_predicts(self) -> Self:
        if self.pretraining and (self.model.architecture, self.model.directions) != ("bilstm", "apart"):
            raise ValueError("an encoder is pre-trained for architecture bilstm with directions apart only")
        if self.pretraining and self.pretraining.monitor == "val_accuracy_rate":
            raise ValueError("of a pre-training losses can be watched: there are no classes")
        return self

    @model_validator(mode="after")
    def _an_encoder_stands_in_one_network(self) -> Self:
        has_one = self.model.architecture == "bilstm" and self.model.members == 1
        if (self.pretraining or self.training.encoder_rate_share < 1) and not has_one:
            raise ValueError("pretraining and encoder_rate_share are for a single network of architecture bilstm")
        return self

    @model_validator(mode="after")
    def _unlabelled_texts_get_labels(self) -> Self:
        if self.training.unsup_epochs and not (self.model.wide_ngram_tokens and self.training.hold_out_val):
            raise ValueError("unsup_epochs needs n-grams to label the texts and a val split to tell how sure they are")
        if self.training.unsup_epochs and self.training.monitor == "train_loss":
            raise ValueError("train losses of epochs with and without unsup cannot be compared: monitor val")
        if self.pretraining and self.pretraining.unsup_epochs:
            raise ValueError("unsup_epochs is of training: a pre-training reads unsup in every epoch")
        return self

    @property
    def reads_unsup(self) -> bool:
        """Whether something of it is learned from unlabelled texts."""
        return self.pretraining is not None or self.training.unsup_epochs > 0


_BESIDE_NGRAMS = TrainingOptions(
    max_length_tokens=400,
    keep="tail",
    max_epochs=2,
    learning_rate=8e-3,
    epsilon=1e-6,
    schedule="one-cycle",
    gradient_clip=1.0,
    averaging_decay_rate=0.997,
    patience_epochs=1,
    monitor="val_accuracy_rate",  # the loss of sure answers rises before a temperature is fitted
)

PRESETS: dict[PresetName, Preset] = {
    "default": Preset(
        description="Two bidirectional LSTMs beside NB-weighted n-grams, which label unlabelled texts for them.",
        model=ModelOptions(
            architecture="bilstm", members=2, dropout_rate=0.3, word_dropout_rate=0.1, wide_ngram_tokens=3
        ),
        training=_BESIDE_NGRAMS.model_copy(update={"unsup_epochs": 1}),
        may_be_promoted=True,
        skip_training_without_signal=True,
    ),
    "fast": Preset(
        description="One of these LSTMs beside the n-grams, without unlabelled texts: sooner, hardly less accurate.",
        model=ModelOptions(architecture="bilstm", dropout_rate=0.3, word_dropout_rate=0.1, wide_ngram_tokens=3),
        training=_BESIDE_NGRAMS,
        may_be_promoted=True,
        skip_training_without_signal=True,
    ),
    "pretrained": Preset(
        description="A larger LSTM beside n-grams, from an encoder that first learned to continue texts: for a GPU.",
        model=ModelOptions(
            architecture="bilstm",
            embedding_size=400,
            hidden_size=1_152,
            layers=3,
            directions="apart",
            dropout_rate=0.3,
            word_dropout_rate=0.05,
            wide_ngram_tokens=3,
        ),
        training=TrainingOptions(
            max_length_tokens=600,
            keep="tail",
            batch_size=64,
            max_epochs=4,
            learning_rate=2e-3,
            encoder_rate_share=0.2,
            weight_decay=0.01,
            schedule="one-cycle",
            gradient_clip=1.0,
            averaging_decay_rate=0.997,
            patience_epochs=1,
            monitor="val_accuracy_rate",
        ),
        pretraining=TrainingOptions(
            batch_size=256,
            max_epochs=8,
            learning_rate=2e-3,
            weight_decay=0.01,
            schedule="one-cycle",
            gradient_clip=0.5,
        ),
        may_be_promoted=True,
        skip_training_without_signal=True,
    ),
    "smoke": Preset(
        description="A tiny model for tests: seconds, and no accuracy to speak of.",
        vocabulary=VocabularyOptions(max_size=2_000),
        model=ModelOptions(architecture="bilstm", embedding_size=16, hidden_size=8),
        training=TrainingOptions(max_length_tokens=50, batch_size=128, max_epochs=1),
    ),
    "smoke-pretrained": Preset(
        description="The same, from an encoder as tiny.",
        vocabulary=VocabularyOptions(max_size=2_000),
        model=ModelOptions(architecture="bilstm", embedding_size=16, hidden_size=8, layers=2, directions="apart"),
        training=TrainingOptions(max_length_tokens=50, batch_size=128, max_epochs=1),
        pretraining=TrainingOptions(max_length_tokens=50, batch_size=128, max_epochs=2, learning_rate=1e-2),
    ),
    "keras-bilstm": Preset(
        description="Notebook 1 as it was: last 200 tokens, padding in front and read by the model, no validation.",
        vocabulary=VocabularyOptions(tokenizer="keras", order="keras-ranks", max_size=20_000, min_count=1),
        model=ModelOptions(architecture="keras-bilstm", embedding_size=128, hidden_size=64, layers=2),
        training=TrainingOptions(
            max_length_tokens=200,
            keep="tail",
            padding="front",
            batch_size=32,
            max_epochs=2,
            optimizer="adam",
            epsilon=1e-7,
            hold_out_val=False,
            precision="float32",
        ),
    ),
    "news-lstm": Preset(
        description="Notebook 2 as it was, but for the padding: vocabulary by appearance, 512 tokens, batch 4.",
        vocabulary=VocabularyOptions(tokenizer="letters-es", order="appearance", max_size=50_000, min_count=1),
        model=ModelOptions(architecture="lstm-mlp", embedding_size=256, hidden_size=128, layers=2, dropout_rate=0.2),
        training=TrainingOptions(
            max_length_tokens=512,
            batch_size=4,
            max_epochs=10,
            weight_decay=1e-5,
            patience_epochs=3,
            monitor="train_loss",
            precision="float32",
        ),
    ),
}
assert set(PRESETS) == set(get_args(PresetName))


def preset_named(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UnknownNameError: there is none; the message lists the known ones.
    """
    for known, preset in PRESETS.items():
        if known == name:
            return preset
    raise UnknownNameError.of("preset", name, PRESETS)


def skips_training(preset: str, asked: bool | None) -> bool:
    """Whether nothing is trained where there is no signal: as somebody asked, else as the preset says.

    Raises:
        UnknownNameError: there is no such preset.
    """
    return preset_named(preset).skip_training_without_signal if asked is None else asked
