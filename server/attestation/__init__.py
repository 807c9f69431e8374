"""The attestation: made and signed, given as a page, a PDF or JSON, and verified."""
