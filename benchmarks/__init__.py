"""Measurements, each run by one command; `results.md` keeps the last figures with the hardware named."""
