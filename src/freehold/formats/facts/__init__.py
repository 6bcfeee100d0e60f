"""What the hub says of a repository at a revision: `derive.py` puts together what others find."""
