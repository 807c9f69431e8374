"""« Tester mon matériel »: the echo, who may ask for it and when, and the verdict that is kept."""
