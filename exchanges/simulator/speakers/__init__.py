"""One speaker per venue: its paths, and the bodies the venue would answer with."""
