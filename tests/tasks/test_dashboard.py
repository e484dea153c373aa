import logging

import pytest

from tasks.dashboard import publish_markdown, publish_table


def test_outside_of_a_run_nothing_is_published_and_no_server_is_started(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        publish_table("films (SAMPLE): accuracy", [{"accuracy": float("nan")}], "figures")
        publish_markdown("films", "# fine", "words")
    assert "published" not in caplog.text


def test_a_key_without_letters_or_digits_is_refused_also_there() -> None:
    with pytest.raises(ValueError, match="artifact key"):
        publish_table("---", [], "figures")
