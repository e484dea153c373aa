"""What a contract does: rows judged, rejected and written by split, with a verdict on every rule."""
