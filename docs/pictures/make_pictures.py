"""`make pictures`: the pictures of the README, from the newest GENERATED report below the data root."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from text_classifier.config import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH_PIXELS, HEIGHT_PIXELS = 1200, 1000


def main() -> None:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    pages = [
        page for page in Settings().data_dir.glob("models/*/*/report.html") if "GENERATED" in page.read_text("utf-8")
    ]
    if not browser or not pages:
        sys.exit(
            f"needs one of {', '.join(BROWSERS)} and a GENERATED report: unset TEXT_CLASSIFIER_NEWS, then `make run`"
        )
    picture = Path(__file__).with_name("report.png")
    photograph(browser, max(pages, key=lambda page: page.stat().st_mtime), picture)
    print(picture)


def photograph(browser: str, page: Path, picture: Path) -> None:
    """Write what `browser` shows of `page`, without a network, as a PNG."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
        options += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"]
        size = f"--window-size={WIDTH_PIXELS},{HEIGHT_PIXELS}"
        command = [browser, *options, size, f"--screenshot={picture}", page.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    main()
