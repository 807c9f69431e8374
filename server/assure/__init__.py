"""What the assuré does: comes in, says things before the hour, verifies a message."""
