"""What the world knows by name: things, shapes, colours, numbers, backgrounds, relations."""

from typing import Final

COUNTABLE: Final = (
    "balloon", "bear", "swan", "airplane", "camel", "apple", "cat", "dog", "fish", "flower", "tree", "star",
    "mushroom", "butterfly", "penguin", "heart", "banana", "car", "duck", "strawberry", "frog", "rocket", "rabbit",
    "turtle",
)  # fmt: skip
SHAPES: Final = ("cube", "sphere", "cone", "cylinder")
COLORS: Final = {
    "red": (214, 48, 42),
    "blue": (45, 92, 214),
    "green": (46, 160, 72),
    "yellow": (240, 200, 40),
    "purple": (136, 60, 176),
    "orange": (240, 130, 36),
}
"""Colour of a shape, RGB in 0..255."""
BACKGROUNDS: Final = {
    "white": ((250, 250, 250), (236, 236, 240)),
    "gray": ((196, 198, 202), (168, 170, 176)),
    "blue": ((176, 214, 246), (120, 176, 230)),
    "green": ((190, 228, 178), (140, 196, 132)),
    "pink": ((250, 214, 224), (240, 178, 196)),
    "black": ((44, 46, 60), (24, 24, 34)),
}
"""Colour at the top and at the bottom, RGB in 0..255."""
NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight")
RELATIONS: Final = ("on top of", "below", "to the left of", "to the right of")

COLORED_SHAPES: Final = tuple(f"{color} {shape}" for shape in SHAPES for color in COLORS)
CLASSES: Final = COUNTABLE + COLORED_SHAPES
"""Every class that is counted, in the order of a pack's count targets."""
CLASS_INDEX: Final = {name: index for index, name in enumerate(CLASSES)}

_IRREGULAR: Final = {"fish": "fish", "butterfly": "butterflies", "strawberry": "strawberries"}


def plural(name: str) -> str:
    """The plural of a class: "balloon" -> "balloons", "red cube" -> "red cubes"."""
    return _IRREGULAR.get(name, f"{name}s")
