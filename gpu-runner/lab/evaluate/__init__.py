"""How good the flow is: exact scenes (exact.py), estimates against final images (estimates.py), pictures (grid.py)."""
