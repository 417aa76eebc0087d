"""Texts that spreadsheets would take for formulas. Pure."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula: `=1+1` becomes `'=1+1`. `plain` takes it back."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def plain(text: str) -> str:
    """A text without the quote that `guarded` put in front of it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
