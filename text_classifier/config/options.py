"""The choices of a run, each with its bound and unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TokenizerName = Literal["words", "letters-es", "keras"]
ArchitectureName = Literal["bilstm", "keras-bilstm", "lstm-mlp"]
OrderName = Literal["frequency", "appearance", "keras-ranks"]
Rate = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=1, le=65_536)]

MOST_MEMBERS = 16

VOCABULARY_MEGABYTES = 1_000
"""Of memory that building a vocabulary may take, where nobody says otherwise."""


class Options(BaseModel):
    """Frozen, and refuses fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class VocabularyOptions(Options):
    """How text becomes token ids."""

    tokenizer: TokenizerName = Field("words", description="How a text is cut into tokens.")
    order: OrderName = Field(
        "frequency",
        description="Which tokens get the lowest ids; `keras-ranks` reserves 1 = start, 2 = out of vocabulary.",
    )
    max_size: int = Field(30_000, ge=4, le=2_000_000, description="Largest token id + 1, special tokens counted.")
    min_count: int = Field(2, ge=1, description="Fewest occurrences in the train split for a token to get an id.")


class ModelOptions(Options):
    """The network: sizes in units (floats per token or per layer)."""

    architecture: ArchitectureName = Field("bilstm", description="A key of MODELS.")
    embedding_size: Size = Field(128, description="Floats per token.")
    hidden_size: Size = Field(64, description="Floats per direction and layer of the LSTM.")
    layers: int = Field(1, ge=1, le=8, description="LSTM layers.")
    directions: Literal["mixed", "apart"] = Field(
        "mixed", description="What upper layers of `bilstm` read: both directions below, or only their own (`apart`)."
    )
    members: int = Field(
        1,
        ge=1,
        le=MOST_MEMBERS,
        description="Networks of this kind, each trained for itself; their logits are averaged.",
    )
    dropout_rate: Rate = Field(0.0, description="Share of activations set to zero while training.")
    word_dropout_rate: Rate = Field(0.0, description="Share of tokens replaced by UNK while training.")
    wide_ngram_tokens: int = Field(
        0, ge=0, le=5, description="Longest n-gram of the linear part beside the network; 0: no such part."
    )


class TrainingOptions(Options):
    """How the weights are learned."""

    max_length_tokens: int = Field(400, ge=1, le=100_000, description="Tokens of a text that the model reads.")
    keep: Literal["head", "tail"] = Field("head", description="Which end of a longer text is read.")
    padding: Literal["bucketed", "front"] = Field(
        "bucketed", description="`bucketed`: texts of like length together, padding never read; `front`: as Keras pads."
    )
    batch_size: int = Field(64, ge=1, le=65_536, description="Examples per step.")
    max_epochs: int = Field(5, ge=1, le=1_000, description="Passes over the train split, at most.")
    unsup_epochs: int = Field(
        0, ge=0, le=1_000, description="How many epochs, the first ones, read `unsup` too, labelled by the n-grams."
    )
    optimizer: Literal["adam", "adamw"] = Field("adamw", description="Rule of the weight update.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Step size; the peak where `schedule` is one-cycle.")
    encoder_rate_share: float = Field(
        1.0, gt=0, le=1, description="Step size of the encoder of `bilstm` as a share of that of its last layer."
    )
    epsilon: float = Field(1e-8, gt=0, le=1e-2, description="Added to Adam's denominator.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="Share of a weight taken off per unit of learning rate.")
    schedule: Literal["constant", "one-cycle"] = Field("constant", description="Learning rate over the steps.")
    gradient_clip: float = Field(0.0, ge=0, description="Largest norm of the gradient; 0: not clipped.")
    averaging_decay_rate: Rate = Field(
        0.0, description="What is left per step in the moving average of the weights that is kept; 0: no average."
    )
    patience_epochs: int = Field(0, ge=0, description="Epochs without gain before stopping early; 0: never early.")
    monitor: Literal["val_loss", "val_accuracy_rate", "train_loss"] = Field(
        "val_loss", description="What early stopping and the best checkpoint watch."
    )
    hold_out_val: bool = Field(True, description="False: the val split is trained on as well, and nothing is watched.")
    precision: Literal["auto", "float32"] = Field(
        "auto", description="`auto`: bfloat16 where the hardware computes in it."
    )
