"""Coming in, and the first steps."""
