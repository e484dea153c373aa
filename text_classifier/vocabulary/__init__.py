"""Text to numbers: tokenizers, the vocabulary of a data set, its splits as token ids."""

from text_classifier.vocabulary.building import build, encoded_splits
from text_classifier.vocabulary.tokenizers import TOKENIZERS
from text_classifier.vocabulary.vocabulary import VOCABULARY_FILE, Vocabulary

__all__ = ["TOKENIZERS", "VOCABULARY_FILE", "Vocabulary", "build", "encoded_splits"]
