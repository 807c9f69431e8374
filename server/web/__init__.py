"""Pages and APIs, one file per audience."""
