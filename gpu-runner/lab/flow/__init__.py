"""The flow model: noise coupled with layouts (coupling.py), the network (network.py), its training and sampling."""
