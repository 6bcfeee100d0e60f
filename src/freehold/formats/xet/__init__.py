"""Xet: files as lists of chunks, chunks packed into xorbs, and shards that tell which is where."""
