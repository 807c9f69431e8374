"""What the caisse does: plans, writes, receives; its agents, its files, its own system."""
