"""A flow model of the paths of a robot in the plane, as a pack: the smallest one whose outputs are no images."""
