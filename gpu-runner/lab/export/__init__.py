"""From checkpoints to a pack that the runner loads."""
