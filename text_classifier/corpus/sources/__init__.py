"""Where a source comes from, and its copy under `raw/`."""
