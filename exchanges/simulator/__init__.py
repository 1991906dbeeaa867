"""A stand-in for the four venues: their wire formats over a seeded market, or over recordings."""
