"""Words of names in any script, as they are looked for where something is typed."""

import pytest

from shared.documents.products import words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Kühlschrank, groß", ["kühlschrank", "gross"]),
        ("Ku\u0308hlschrank", ["kühlschrank"]),  # the same, in parts
        ("फ्रिज", ["फ्रिज"]),
        ("ตู้เย็น", ["ตู้เย็น"]),
        ("Φακός", ["φακόσ"]),
        ("İstanbul", ["istanbul"]),
        ("WH-1000XM4 _a_", ["wh", "1000xm4", "_a_"]),
        (" - ", []),
    ],
)
def test_a_name_is_its_words(name: str, words: list[str]) -> None:
    assert words_of(name) == [*dict.fromkeys(words_of(" ".join(words)))]
    assert len(words_of(name)) == len(words)
    assert words_of(name.casefold()) == words_of(name)
