"""botocore's HTML becomes short plain text."""

import pytest

from ackpy.crd.describe import descriptions
from ackpy.crd.prose import blocks, entry, summary
from ackpy.kinds.registry import load


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", ""),
        ("<p>The <code>name</code>\n  of the&#xA0;queue.</p>", "The name of the queue."),
        ("<p>One.</p> <p>Two.</p>", "One.\nTwo."),
        ("<p>Values:</p> <ul> <li> <p>a</p> </li> <li> <p>b</p> </li> </ul>", "Values:\n- a\n- b"),
        ("<note> <p>Aside.</p> </note> <p>Main.</p>", "Main."),
        ("<p>Main. For more information, see <a href='x'>This</a>.</p>", "Main."),
        ("Bare text.", "Bare text."),
    ],
)
def test_summary(html: str, expected: str) -> None:
    assert summary(blocks(html)) == expected


def test_text_is_cut_at_the_end_of_a_sentence() -> None:
    assert summary(blocks("<p>Short one. And e.g. another. Then more.</p>"), limit=30) == "Short one. And e.g. another."


def test_first_sentence_stands_in_any_case() -> None:
    assert summary(blocks("<p>Longer than the limit. More.</p>"), limit=5) == "Longer than the limit."


def test_list_that_does_not_fit_goes_with_its_announcement() -> None:
    html = "<p>What it is. Its values:</p> <ul> <li>first of them</li> <li>second of them</li> </ul>"
    assert summary(blocks(html), limit=40) == "What it is."


ATTRIBUTES = """
<p>Attributes:</p> <ul>
<li> <p> <code>Delay</code> – How long. Default: 0.</p> </li>
<li> <p> <code>Redrive</code> – The policy:</p> <ul> <li> <p> <code>target</code> – Where to.</p> </li> </ul> </li>
<li> <p> <code>Wait</code> – How long to wait.</p> <p>Really.</p> </li>
</ul> <p>That was all.</p>
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Delay", "How long. Default: 0."),
        ("Redrive", "The policy:\n- target – Where to."),
        ("Wait", "How long to wait.\nReally."),
        ("Unknown", ""),
    ],
)
def test_entry_of_a_list_of_attributes(name: str, expected: str) -> None:
    assert summary(entry(blocks(ATTRIBUTES), name)) == expected


def test_every_spec_field_at_the_top_is_described() -> None:
    for kind in load():
        texts = descriptions(kind)
        assert [name for name in kind.spec.fields if ("spec", name) not in texts] == [], kind.label
