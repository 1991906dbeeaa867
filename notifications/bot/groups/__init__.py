"""The bot in groups and channels: coming, going, who runs them, what is posted there."""
