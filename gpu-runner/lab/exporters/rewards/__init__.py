"""Models that score images, as reward graphs of a pack: preprocessing inside the graph, tokenizers beside it."""
