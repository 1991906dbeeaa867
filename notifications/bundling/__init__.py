"""Bundles: what waited for a window becomes one message."""
