"""The latent: a table of 8 x 8 cells as numbers (code.py), and the network that draws it (decoder.py)."""
