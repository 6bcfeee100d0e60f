"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations
