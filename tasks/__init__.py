"""Verbs: one Prefect task per pipeline step, where the domain meets Prefect, disk and clock."""
