"""Reads HTML pages: what the page is about, without its navigation, header, footer and scripts."""

from __future__ import annotations

import codecs
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from quarterdeck.retrieval.html_text import transcribe
from quarterdeck.retrieval.reader import Reader, Reading, Transcript, Unreadable, decode

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_SEARCHED_FOR_CHARSET_BYTES = 2048
_SITE_NAME = re.compile(r"\s+(?:[|·•»]|[-–—])\s+")


class HtmlReader(Reader):
    """HTML and XHTML."""

    name = "html"
    version = 1
    media_type = "text/html"
    suffixes = (".html", ".htm", ".xhtml")

    def read(self, content: bytes) -> Reading:
        page = LexborHTMLParser(_decode_page(content))
        title = page.css_first("title")
        transcript = Transcript()
        root = _main(page)
        if root is not None:
            transcribe(root, transcript, whole_page=root.tag == "body")
        heading = page.css_first("main h1, article h1, h1")
        name = heading.text(deep=True) if heading is not None else title.text(deep=True) if title is not None else ""
        return transcript.reading(" ".join(name.split()) or None)


def _main(page: LexborHTMLParser) -> LexborNode | None:
    """The part of a page that its author marked as the content; the whole body where nothing is marked."""
    for selector in ("main", "[role=main]", "article"):
        marked = page.css(selector)
        if len(marked) == 1 and len(marked[0].text(deep=True).split()) > 20:
            return marked[0]
    return page.body


def _decode_page(content: bytes) -> str:
    declared = _CHARSET.search(content[:_SEARCHED_FOR_CHARSET_BYTES])
    if declared is None or content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(content)
    try:
        codec = codecs.lookup(declared[1].decode("ascii"))
    except LookupError:
        return decode(content)
    if codec.name.startswith(("utf", "ascii")):  # a page that is found by its ASCII declaration is not UTF-16
        return decode(content)
    try:
        # What a page calls Latin-1 is Windows-1252, say the browsers: https://encoding.spec.whatwg.org/#names-and-labels
        text, _ = codecs.lookup("cp1252" if codec.name == "iso8859-1" else codec.name).decode(content)
    except UnicodeDecodeError as error:
        raise Unreadable(f"It says that it is {codec.name}, and is not (at byte {error.start}).") from error
    return text.replace("\0", "")
