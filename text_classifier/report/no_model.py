"""What the dashboard shows of a run that trained nothing, because the texts say nothing about the label."""

from __future__ import annotations

from text_classifier.evaluation.figures import signal_figures
from text_classifier.evaluation.words import percent
from text_classifier.records import Report, SignalTest
from text_classifier.report.cells import markdown_text
from text_classifier.report.evaluation_plots import signal_png


def overview_without_model(signal: SignalTest, report: Report) -> str:
    """Markdown that opens with the headline and shows what the true labels gave beside shuffled ones."""
    figures = signal_figures(signal)
    paragraphs = [
        f"**{markdown_text(report.headline, 2_000)}**",
        f"{signal.learner}, fitted to {signal.train_rows:,} examples, reaches a {signal.score_name} of "
        f"{percent(signal.score_rate)} on {signal.scored_rows:,} others. With shuffled labels it is "
        f"{percent(signal.chance_rate)} on average, and {percent(signal.chance_high_rate)} or more in one of twenty.",
        f"![{signal.score_name} on shuffled and on true labels]({signal_png(figures)})",
        "To train all the same, start the run with skip_training_without_signal = false.",
    ]
    return "\n\n".join(paragraphs) + "\n"
