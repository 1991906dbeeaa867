"""Servers that speak the channels' real protocols, for tests and for a demo without a network."""
