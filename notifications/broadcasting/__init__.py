"""What operators write to a segment of the people."""
