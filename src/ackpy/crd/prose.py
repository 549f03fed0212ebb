"""botocore's documentation (HTML) as short plain text.

crd/describe.py calls it for every field. A text comes as blocks: paragraphs and list items, each on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser

_BREAKS = {"p", "ul", "ol", "li", "dl", "dt", "dd", "div", "br", "h1", "h2", "h3", "h4", "table", "tr", "pre"}
# Asides: what they say matters seldom, and it would push out what follows them.
_ASIDES = {"note"}
# Sentences that only point to a link, which plain text doesn't have.
_POINTER = re.compile(r"For (more \w+|information)\b|To learn more\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or an item of a list nested `depth` deep (0: no list). `first` opens its item."""

    text: str
    depth: int = 0
    first: bool = False


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._words: list[str] = []
        self._depth = 0
        self._aside = 0
        self._opens_item = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the base's signature
        if tag in _BREAKS:
            self.flush()
        if tag == "li":
            self._depth += 1
            self._opens_item = True
        self._aside += tag in _ASIDES

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS or tag in _ASIDES:
            self.flush()
        if tag == "li":
            self._depth = max(0, self._depth - 1)
        if tag in _ASIDES:
            self._aside = max(0, self._aside - 1)

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def flush(self) -> None:
        text = " ".join("".join(self._words).split())
        self._words.clear()
        if text and not self._aside:
            self.blocks.append(Block(text, self._depth, self._depth > 0 and self._opens_item))
            self._opens_item = False


@cache
def blocks(html: str) -> tuple[Block, ...]:
    """The paragraphs and list items of a text of botocore's, without its notes."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    parser.flush()
    return tuple(parser.blocks)


def entry(text: Iterable[Block], name: str) -> tuple[Block, ...]:
    """What a list of `name – description` items says about one name, without the name; empty where it isn't in there.

    This is how AWS documents the keys of maps of attributes.
    """
    opening = re.compile(rf"{re.escape(name)}\s+[–—-]+\s+")
    found: list[Block] = []
    depth = 0
    for block in text:
        if not found:
            if block.first and (match := opening.match(block.text)):
                depth = block.depth
                found.append(Block(block.text[match.end() :]))
        elif block.depth < depth or (block.depth == depth and block.first):
            break
        else:
            found.append(Block(block.text, block.depth - depth, block.first))
    return tuple(found)


def summary(text: Iterable[Block], limit: int = 400) -> str:
    """The first sentences of a text, a line for each paragraph or list item ("- …").

    A list stands whole or not at all. The first sentence stands in any case.

    Args:
        text: its blocks.
        limit: the number of characters after which no sentence begins that would end beyond it.
    """
    lines: list[str] = []
    room = limit
    for block in text:
        sentences = [said for said in _SENTENCE_END.split(block.text) if not _POINTER.match(said)]
        kept = list(_fitting(sentences, room, must=not lines))
        if kept:
            lines.append(("- " if block.first else "") + " ".join(kept))
        if len(kept) < len(sentences):
            return "\n".join(_without_broken_list(lines))
        room -= sum(map(len, kept))
    return "\n".join(lines)


def _fitting(sentences: Iterable[str], room: int, *, must: bool) -> Iterator[str]:
    """The sentences that fit; with `must`, the first in any case."""
    for number, sentence in enumerate(sentences):
        room -= len(sentence)
        if room < 0 and not (must and number == 0):
            return
        yield sentence


def _without_broken_list(lines: list[str]) -> list[str]:
    """The lines without the list at their end and the sentence that announces it."""
    while len(lines) > 1 and lines[-1].startswith("- "):
        lines = lines[:-1]
    sentences = _SENTENCE_END.split(lines[-1])
    if sentences[-1].endswith(":") and len(sentences) > 1:
        lines = [*lines[:-1], " ".join(sentences[:-1])]
    return lines
