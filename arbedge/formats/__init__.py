"""How the console writes dates: as every other page does."""
