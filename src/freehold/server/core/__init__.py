"""What the hub does, without a word of HTTP."""
