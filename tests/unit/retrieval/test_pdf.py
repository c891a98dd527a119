"""Reading PDF: headings by size, paragraphs by spacing, tables by columns, and honest refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fpdf import FPDF
from fpdf.enums import EncryptionMethod

from quarterdeck.retrieval.reader import Reading, Unreadable, reader_for

LONG = (
    "Everyone has twenty-five days of paid leave in each calendar year, and may carry five of them over into the next. "
    "Carried days lapse on the thirty-first of March, unless sickness kept you from taking them before that date."
)


def paper() -> FPDF:
    pdf = FPDF(format="A4")
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    return pdf


def heading(pdf: FPDF, text: str, size: int) -> None:
    pdf.ln(4)
    pdf.set_font("Helvetica", style="B", size=size)
    pdf.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=11)
    pdf.ln(2)


def paragraph(pdf: FPDF, text: str) -> None:
    pdf.multi_cell(0, 5.5, text, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)


def read(pdf: FPDF) -> Reading:
    return reader_for("a.pdf").read(bytes(pdf.output()))


def test_larger_lines_are_headings_and_lines_become_paragraphs() -> None:
    pdf = paper()
    heading(pdf, "Annual leave", 24)
    paragraph(pdf, LONG)
    paragraph(pdf, "Ask early.")
    heading(pdf, "Carrying over", 15)
    paragraph(pdf, "Five days.")

    reading = read(pdf)

    assert [(block.text, block.heading_path, block.page) for block in reading.blocks] == [
        (LONG, ("Annual leave",), 1),
        ("Ask early.", ("Annual leave",), 1),
        ("Five days.", ("Annual leave", "Carrying over"), 1),
    ]


def test_bold_lines_of_the_usual_size_are_headings_of_the_lowest_level() -> None:
    pdf = paper()
    heading(pdf, "Leave", 20)
    paragraph(pdf, LONG)
    heading(pdf, "A note in bold", 11)
    paragraph(pdf, LONG)

    blocks = read(pdf).blocks

    assert blocks[-1].heading_path == ("Leave", "A note in bold")


def test_running_heads_and_page_numbers_are_left_out() -> None:
    class Paper(FPDF):
        def header(self) -> None:
            self.set_font("Helvetica", size=8)
            self.cell(0, 5, "Halyard Instruments - Handbook", new_x="LMARGIN", new_y="NEXT")

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font("Helvetica", size=8)
            self.cell(0, 5, f"Page {self.page_no()} of 3")

    pdf = Paper()
    for text in ("First page.", "Second page.", "Third page."):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        paragraph(pdf, text)

    assert [(block.text, block.page) for block in read(pdf).blocks] == [
        ("First page.", 1),
        ("Second page.", 2),
        ("Third page.", 3),
    ]


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    pdf = paper()
    paragraph(pdf, "The rule begins on this page and")
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    paragraph(pdf, "ends on the next.")

    [block] = read(pdf).blocks

    assert (block.text, block.page) == ("The rule begins on this page and ends on the next.", 1)


def test_tables_are_read_by_row_with_their_columns_named() -> None:
    pdf = paper()
    paragraph(pdf, "These are the rates:")
    with pdf.table(col_widths=(60, 40, 40), borders_layout="NONE") as table:
        for cells in (
            ("Destination", "Per day", "At night"),
            ("Norway, with all of its islands and the whole of the far north", "NOK 980", "NOK 1,200"),
            ("Canada", "CAD 105", "CAD 160"),
        ):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    pdf.ln(4)
    paragraph(pdf, LONG)

    blocks = read(pdf).blocks

    assert [block.text for block in blocks if block.kind == "row"] == [
        "Destination: Norway, with all of its islands and the whole of the far north; Per day: NOK 980; "
        "At night: NOK 1,200",
        "Destination: Canada; Per day: CAD 105; At night: CAD 160",
    ]
    assert [block.text for block in blocks if block.kind != "row"] == ["These are the rates:", LONG]


def test_marked_lines_are_list_items() -> None:
    pdf = paper()
    paragraph(pdf, "Bring:")
    for text in ("- a receipt,", "- your badge, which must be valid."):
        pdf.multi_cell(0, 5.5, text, new_x="LMARGIN", new_y="NEXT")

    assert [(block.kind, block.text) for block in read(pdf).blocks] == [
        ("paragraph", "Bring:"),
        ("item", "- a receipt,"),
        ("item", "- your badge, which must be valid."),
    ]


def test_the_title_comes_from_the_file_unless_a_program_made_it_up() -> None:
    named, unnamed = paper(), paper()
    named.set_title("Per diems")
    unnamed.set_title("Microsoft Word - rates_v3_final.docx")
    for pdf in (named, unnamed):
        paragraph(pdf, LONG)

    assert read(named).title == "Per diems"
    assert read(unnamed).title is None


def test_a_file_with_a_password_is_refused_with_the_reason() -> None:
    pdf = paper()
    paragraph(pdf, LONG)
    pdf.set_encryption(owner_password="owner", user_password="user", encryption_method=EncryptionMethod.AES_256)

    with pytest.raises(Unreadable, match="protected by a password"):
        read(pdf)


def test_a_file_that_only_forbids_changes_is_read() -> None:
    pdf = paper()
    paragraph(pdf, "Anyone may read this.")
    pdf.set_encryption(owner_password="owner")

    assert [block.text for block in read(pdf).blocks] == ["Anyone may read this."]


def test_a_scan_is_refused_with_the_reason() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(20, 20, 100, 100)

    with pytest.raises(Unreadable, match="only pictures"):
        read(pdf)


@pytest.mark.parametrize("content", [b"not a pdf at all", b"%PDF-1.7\n1 0 obj\n<<", b"%PDF-1.7\n" + b"\xff" * 5000])
def test_a_broken_file_is_refused_with_the_reason(content: bytes) -> None:
    with pytest.raises(Unreadable, match="damaged"):
        reader_for("a.pdf").read(content)


def test_half_a_file_is_refused_or_read_but_never_crashes() -> None:
    pdf = paper()
    paragraph(pdf, LONG)
    content = bytes(pdf.output())

    outcomes = set()
    for size in range(50, len(content), 97):
        try:
            outcomes.add(len(reader_for("a.pdf").read(content[:size]).blocks))
        except Unreadable:
            outcomes.add(-1)

    assert -1 in outcomes


def test_many_threads_may_read_at_once() -> None:
    pdf = paper()
    for _ in range(40):
        paragraph(pdf, LONG)
    content = bytes(pdf.output())
    alone = reader_for("a.pdf").read(content)

    with ThreadPoolExecutor(8) as threads:
        readings = list(threads.map(lambda _: reader_for("a.pdf").read(content), range(24)))

    assert all(reading == alone for reading in readings)
