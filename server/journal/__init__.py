"""Who read what, and when: a store of its own, to which lines are only added."""
