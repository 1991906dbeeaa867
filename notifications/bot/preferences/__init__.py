"""What people set by buttons: preferences, profile, time zone, and what their tier has."""
