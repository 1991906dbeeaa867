"""The doors of programs to people's own things."""
