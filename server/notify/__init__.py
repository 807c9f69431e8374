"""What is written to the assuré: the messages and where they go."""
