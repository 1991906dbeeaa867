"""The eight channels, and what they have in common."""
