"""Colours by their names, for the swatches of facets."""

import re

_BY_NAME = {
    "black": "#000000", "white": "#ffffff", "grey": "#808080", "gray": "#808080", "silver": "#c0c0c0",
    "anthracite": "#383e42", "graphite": "#41424c", "charcoal": "#36454f", "red": "#d32f2f", "brick": "#b22222",
    "burgundy": "#800020", "maroon": "#800000", "pink": "#ff69b4", "magenta": "#ff00ff", "purple": "#800080",
    "violet": "#8f00ff", "lilac": "#c8a2c8", "blue": "#1e63d0", "navy": "#000080", "cyan": "#00bcd4",
    "turquoise": "#40e0d0", "teal": "#008080", "green": "#2e8b57", "olive": "#808000", "lime": "#a4c639",
    "mint": "#98ff98", "yellow": "#ffd600", "gold": "#d4af37", "orange": "#ff8c00", "copper": "#b87333",
    "bronze": "#cd7f32", "brown": "#7b4f2c", "beige": "#f5f5dc", "sand": "#e0cda9", "cream": "#fffdd0",
    "ivory": "#fffff0", "titanium": "#878681", "champagne": "#f7e7ce",
    "schwarz": "#000000", "weiß": "#ffffff", "weiss": "#ffffff", "grau": "#808080", "rot": "#d32f2f",
    "blau": "#1e63d0", "grün": "#2e8b57", "gelb": "#ffd600", "braun": "#7b4f2c", "rosa": "#ff69b4", "lila": "#8f00ff",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


def swatch(name: str) -> str | None:
    """The colour that a name says, by its last word that is one: "sky blue" is a blue. None if it says none."""
    words = reversed(_WORD.findall(name.lower()))
    return next((_BY_NAME[word] for word in words if word in _BY_NAME), None)
