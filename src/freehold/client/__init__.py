"""The library: one class for every call of a hub, and what it needs to make them."""
