"""Keys and certificates: what proves who we are; imports nothing of ours."""
