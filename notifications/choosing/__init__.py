"""Who is told what is due: eligibility, turns, limits, and why somebody was not told."""
