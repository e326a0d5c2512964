"""The lab: trains, evaluates and exports the models of the pack emoji-world."""
