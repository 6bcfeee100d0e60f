"""A self-hosted model hub and a client for any hub."""

__version__ = "0.1.0"
