"""Reading Word documents: styles, lists, tables, changes under review, and packages that mean harm."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from quarterdeck.retrieval.reader import Reading, Unreadable, reader_for


def packed(document: Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def read(document: Document) -> Reading:
    return reader_for("a.docx").read(packed(document))


def paragraph_xml(inside: str) -> object:
    return parse_xml(f"<w:p {nsdecls('w')}>{inside}</w:p>")


def test_headings_lists_and_tables_come_in_order() -> None:
    document = docx.Document()
    document.core_properties.title = "Parental leave"
    document.add_heading("Parental leave", 0)
    document.add_paragraph("Take the time.")
    document.add_heading("What you have", 1)
    document.add_paragraph("Bring", style="List Bullet")
    document.add_paragraph("a form", style="List Number")
    document.add_paragraph("a copy", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ("Who", "Weeks", "Everyone", "16"), strict=True
    ):
        cell.text = text
    document.add_heading("In detail", 2)
    document.add_paragraph("Weeks count\nin full.")

    reading = read(document)

    assert reading.title == "Parental leave"
    assert [(block.kind, block.text, block.heading_path) for block in reading.blocks] == [
        ("paragraph", "Take the time.", ("Parental leave",)),
        ("item", "- Bring", ("Parental leave", "What you have")),
        ("item", "1. a form", ("Parental leave", "What you have")),
        ("item", "2. a copy", ("Parental leave", "What you have")),
        ("row", "Who: Everyone; Weeks: 16", ("Parental leave", "What you have")),
        ("paragraph", "Weeks count\nin full.", ("Parental leave", "What you have", "In detail")),
    ]


def test_a_style_that_is_based_on_a_heading_is_one() -> None:
    document = docx.Document()
    style = document.styles.add_style("House heading", 1)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("Pay", style="House heading")
    document.add_paragraph("On the 25th.")

    [block] = read(document).blocks

    assert block.heading_path == ("Pay",)


def test_changes_under_review_are_read_as_accepted() -> None:
    document = docx.Document()
    changed = paragraph_xml(
        "<w:r><w:t xml:space='preserve'>You have </w:t></w:r>"
        "<w:del w:id='1' w:author='a'><w:r><w:delText>twenty</w:delText></w:r></w:del>"
        "<w:ins w:id='2' w:author='a'><w:r><w:t>twenty-five</w:t></w:r></w:ins>"
        "<w:hyperlink><w:r><w:t xml:space='preserve'> days</w:t></w:r></w:hyperlink><w:r><w:t>.</w:t></w:r>"
    )
    document.element.body.insert(0, changed)

    assert [block.text for block in read(document).blocks] == ["You have twenty-five days."]


def test_text_in_content_controls_is_read_and_the_table_of_contents_is_not() -> None:
    document = docx.Document()
    for gallery, text in (("Table of Contents", "1. Leave ..... 3"), ("Custom", "Inside a control.")):
        control = parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtPr><w:docPartObj><w:docPartGallery w:val='{gallery}'/></w:docPartObj></w:sdtPr>"
            f"<w:sdtContent><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        )
        document.element.body.insert(0, control)

    assert [block.text for block in read(document).blocks] == ["Inside a control."]


def test_merged_cells_are_repeated_where_they_reach() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=3)
    for column, text in enumerate(("Office", "Summer", "Winter")):
        table.cell(0, column).text = text
    table.cell(1, 0).text = "Bergen"
    table.cell(1, 1).merge(table.cell(1, 2)).text = "24 days"

    [row] = read(document).blocks

    assert row.text == "Office: Bergen; Summer: 24 days; Winter: 24 days"


def test_a_frame_of_one_cell_is_text() -> None:
    document = docx.Document()
    document.add_table(rows=1, cols=1).cell(0, 0).text = "Note: ask first."

    assert [(block.kind, block.text) for block in read(document).blocks] == [("paragraph", "Note: ask first.")]


def test_lists_are_numbered_anew_below_another_item() -> None:
    document = docx.Document()
    for style, text in (("List Number", "one"), ("List Number 2", "deep"), ("List Number", "two")):
        document.add_paragraph(text, style=style)

    found = [block.text.strip() for block in read(document).blocks]

    assert found[0] == "1. one"
    assert found[2] == "2. two"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        with package.open("word/document.xml", "w", force_zip64=True) as member:
            for _ in range(400):
                member.write(b" " * 1_000_000)

    assert len(file.getvalue()) < 1_000_000
    with pytest.raises(Unreadable, match="larger than 300 MB"):
        reader_for("a.docx").read(file.getvalue())


def test_entities_that_grow_without_end_are_refused_or_ignored() -> None:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    document = docx.Document()
    document.add_paragraph("harmless")
    source = io.BytesIO(packed(document))
    bomb = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(bomb, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/document.xml":
                start = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "ha">{layers}]>'
                content = start.encode() + content.split(b"?>", 1)[1].replace(b"harmless", b"&l9;")
            new.writestr(name, content)

    try:
        found = "".join(block.text for block in reader_for("a.docx").read(bomb.getvalue()).blocks)
    except Unreadable:
        found = ""

    assert len(found) < 1000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no zip", "no Word document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "protected by a password, or an old"),
    ],
)
def test_what_is_no_word_document_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        reader_for("a.docx").read(content)


def test_another_kind_of_package_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("hello.txt", "hello")

    with pytest.raises(Unreadable, match="damaged, or no Word document"):
        reader_for("a.docx").read(file.getvalue())


def test_a_damaged_part_is_refused() -> None:
    document = docx.Document()
    document.add_paragraph("text")
    content = bytearray(packed(document))
    place = content.find(b"word/document.xml") + 60
    content[place : place + 40] = bytes(40)

    with pytest.raises(Unreadable):
        reader_for("a.docx").read(bytes(content))
