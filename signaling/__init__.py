"""Who is in a room, and what passes between them."""
