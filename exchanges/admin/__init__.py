"""Console pages of the markets: venues, instruments, fees, coins in doubt."""

from exchanges.admin import coins, lists, today, venues

__all__ = ["coins", "lists", "today", "venues"]
