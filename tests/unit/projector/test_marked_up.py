"""What is left of a description in HTML: the words that its page shows, wherever its marks stand."""

import time

import pytest

from projector.marked_up import plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<table style="color: red"><tr><td>Velvet</td><td>120 cm</td></tr></table>', "Velvet 120 cm"),
        ("<b>W</b>arm &amp; soft<br>re<wbr>d", "Warm & soft red"),
        ("<P>One</P><LI>two<li>three", "One two three"),
        ("H<sub>2</sub>O, 5&nbsp;m<sup>2</sup>, caf&eacute; &#8364;5", "H2O, 5 m2, café €5"),
        ("<!-- <p>old</p> -->new<!--[if mso]>word<![endif]-->", "new"),
        ("<style>p { color: red }</style>a<script type='x'>if (a < b) '<p>'</script >b", "a b"),
        ("<script>never ended", ""),
        ("""<a title="5 > 3" data-x='<p class="red">'>link</a>""", "link"),
        ("<!DOCTYPE html><?xml version='1'?><o:p>said</o:p>", "said"),
        ("under <5 kg, 3 < 4 & 5 > 4 <3", "under <5 kg, 3 < 4 & 5 > 4 <3"),
        ("cut <p class=\"off", "cut <p class=\"off"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("plain as it is", "plain as it is"),
        ("laptop&notebook bag, R&D, &notebook; &copy 5", "laptop&notebook bag, R&D, &notebook; &copy 5"),
        ("lieferbar in <XL>, <S-M> und <XXL=58>", "lieferbar in <XL>, <S-M> und <XXL=58>"),
        ("if a<b and c>d or p <p or q> then", "if a<b and c>d or p <p or q> then"),
        ('<td nowrap data-x>a</td><hr noshade/><svg><path d="M1 2"/></svg><o:p>b<br />c', "a b c"),
        ("&#99999999; &#1114112; &#xD800; &#x110000;", "&#99999999; \ufffd \ufffd \ufffd"),
    ],
)
def test_a_description_is_the_words_that_its_page_shows(text: str, words: str) -> None:
    assert " ".join(plain(text).split()) == words


BUSY = ["<", '<a "', "<a '\"", '"<a " ', "<!--", "<script>", "<script></script ", "&", "<!",
        pytest.param("&#" + "9" * 5000, id="digits"), pytest.param("&#" + "9" * 5000 + ";", id="digits;")]  # fmt: skip


@pytest.mark.parametrize("repeated", BUSY)
def test_no_text_keeps_the_projector_busy(repeated: str) -> None:
    text, began = "<a " + repeated * (50_000 // len(repeated)), time.process_time()
    plain(text)
    assert time.process_time() - began < 2  # it takes 20 ms; what grows with the square takes over 20 s
