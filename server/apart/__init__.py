"""What is kept beside the administrative store, in databases and under keys of their own."""
