"""Keys typed into a private chat: read, checked, told of, and taken out of the chat."""
