"""What the médecin-conseil does: the day, the checks, the outcome."""
