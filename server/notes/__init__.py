"""Medical notes: a store and keys of the service médical's own."""
