"""Alerts as people type, set and read them."""
