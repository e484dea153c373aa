"""The model in service per data set and label: who challenges it, what a person decides, and the ledger of it all."""

from text_classifier.champion.by_hand import promote_by_hand, roll_back
from text_classifier.champion.challenging import challenge, withdraw
from text_classifier.champion.ledger import champion_dir, champion_run, read_ledger

__all__ = [
    "challenge",
    "champion_dir",
    "champion_run",
    "promote_by_hand",
    "read_ledger",
    "roll_back",
    "withdraw",
]
