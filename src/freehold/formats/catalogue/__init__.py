"""The catalogues: what tags there are, in the order and with the labels that clients know."""
