from dataclasses import replace

from tasks.progress import described, done_pct
from text_classifier.training import TrainingProgress


def test_progress_is_told_in_percent_of_the_whole_run_and_in_words() -> None:
    progress = TrainingProgress(2, 4, 50, 100, 0.375, 0.25, 1_234.5, 36.7, 61.2)
    assert done_pct(progress) == 37.5
    assert described(progress) == "epoch 2 of 4, step 50 of 100, loss 0.2500, 1,234 examples/s, 61 s left at most"
    assert described(replace(progress, member=1, members=2)).startswith("network 1 of 2, epoch 2 of 4")
