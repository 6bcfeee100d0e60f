"""How bytes look: pure functions, no I/O."""
