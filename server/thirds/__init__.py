"""Third participants: who is invited, how they come in, what the record remembers of them."""
