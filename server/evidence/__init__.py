"""Evidence that stands: keyed lines, signed heads of the register, sent elsewhere, audited."""
