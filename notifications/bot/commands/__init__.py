"""Commands by topic; each module adds its own to the registry when it is imported."""
