"""The hub itself."""
