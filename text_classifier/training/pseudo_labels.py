"""The texts of `unsup` and their labels: how likely the n-grams think each class is.

Source: Scudder 1965, Probability of Error of Some Adaptive Pattern-Recognition Machines; soft labels of another model
as in Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
"""

from __future__ import annotations

import logging

from text_classifier.config.presets import Preset
from text_classifier.training.batches import Readable, SoftlyLabelled, Windows, read_windows
from text_classifier.training.examples import load_encoded, stand_in_held_out
from text_classifier.training.job import TrainingJob
from text_classifier.training.scoring import fit_temperature, logits_of, probabilities_of
from text_classifier.training.wide import WideNgrams
from text_classifier.vocabulary.ranking import SPECIALS

logger = logging.getLogger(__name__)


def labelled_unsup(job: TrainingJob, preset: Preset, wide: WideNgrams, val: Readable) -> SoftlyLabelled | None:
    """What is read of the unlabelled texts, but for those that stand in val or test, each with probabilities (N, C).

    Those are the n-grams' at the temperature that fits val best. None where there is no such text, or none is read.

    Raises:
        DamagedOutputError: the corpus lacks `unsup`.
    """
    options = preset.training
    if not (options.unsup_epochs and job.data_set.split_rows.get("unsup")):
        return None
    encoded = load_encoded(job.corpus.folder, "unsup")
    read = read_windows(encoded.tokens, encoded.offsets, options, SPECIALS[preset.vocabulary.order].unk)
    is_own = ~stand_in_held_out(job.data_set.folder, encoded.keys["text_digest"])
    windows = Windows(read.tokens, read.starts[is_own], read.lengths[is_own])
    if not len(windows.lengths):
        return None
    temperature = fit_temperature(logits_of(wide, val.windows, options), val.labels)
    probabilities = probabilities_of(logits_of(wide, windows, options), temperature)
    logger.info(
        "learning from %d texts of unsup too, labelled by the n-grams, which are %.1f %% sure on average",
        len(probabilities),
        100 * probabilities.max(axis=1).mean(),
    )
    return SoftlyLabelled(windows, probabilities)
