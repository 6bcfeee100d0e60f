"""Bytes kept for ever, named by their hash."""
