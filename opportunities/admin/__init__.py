"""Console pages of opportunities: what was found and why, scans, near misses, limits, pruning."""

from opportunities.admin import found, limits, scans, today

__all__ = ["found", "limits", "scans", "today"]
