"""Rewards and judges: a detector that counts, and readers that answer whether an image shows what a prompt says."""
