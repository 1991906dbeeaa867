"""What the staff asks and decides in a chat."""
