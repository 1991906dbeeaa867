"""The market and its openings as whoever asks may see them."""
