"""What every stage's training shares: optimizer, moving average, checkpoints, budget."""
