"""Alerts people set: made, evaluated all at once, told once."""
