"""A data root made by hand, for the tests of what comes after training."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from made_models import Made, make_root


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Makes a data root in a folder of the test's own; see `Recipe`."""
    return partial(make_root, tmp_path)
