"""The sprite world: prompts, layouts that follow them, and their images. Start at scene.py."""
