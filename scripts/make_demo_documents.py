"""Make the Word and PDF files of the demo handbook from the Markdown beside this script.

Run it after changing a text in `demo_documents/`, and commit the result. The same text always gives the same bytes.
"""

import argparse
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docx
from docx.document import Document
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

SOURCES = Path(__file__).with_name("demo_documents")
HANDBOOK = Path(__file__).parents[1] / "src" / "quarterdeck" / "demo" / "handbook"
DOCUMENTS = {
    "parental-leave.md": "time-off/parental-leave.docx",
    "pension.md": "pay-and-benefits/pension.docx",
    "code-of-conduct.md": "conduct/code-of-conduct.docx",
    "per-diems.md": "money-and-travel/per-diems.pdf",
    "bonus-plan.md": "pay-and-benefits/bonus-plan.pdf",
    "health-and-safety.md": "workplace/health-and-safety.pdf",
}
IN_FORCE = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
COMPANY = "Halyard Instruments"
NAVY, SEA, MIST, INK, GREY = (18, 50, 74), (29, 111, 138), (238, 244, 246), (28, 39, 48), (90, 104, 114)


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Bullet:
    text: str


@dataclass(frozen=True)
class Table:
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Bullet | Table


def main() -> None:
    """Make all documents, by default where the package keeps the handbook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HANDBOOK, help="the folder to write to")
    into: Path = parser.parse_args().into
    for source, target in DOCUMENTS.items():
        blocks = list(read_blocks((SOURCES / source).read_text(encoding="utf-8")))
        document = word_document(blocks) if target.endswith(".docx") else pdf_document(blocks)
        (into / target).parent.mkdir(parents=True, exist_ok=True)
        (into / target).write_bytes(document)


def read_blocks(markdown: str) -> Iterator[Block]:
    """The little Markdown that our sources use: headings, one-line paragraphs, bullets and tables."""
    for block in re.split(r"\n{2,}", markdown.strip()):
        lines = block.splitlines()
        if heading := re.match(r"(#+) (.+)", block):
            yield Heading(len(heading[1]), heading[2])
        elif all(line.startswith("| ") for line in lines):
            yield Table(tuple(cells(line) for line in lines if not line.startswith("| ---")))
        elif all(line.startswith("- ") for line in lines):
            yield from (Bullet(line.removeprefix("- ")) for line in lines)
        else:
            yield Paragraph(" ".join(lines))


def cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def word_document(blocks: list[Block]) -> bytes:
    """The blocks as a Word file, with real heading styles."""
    document = docx.Document()
    dress(document, title=title_of(blocks))
    for block in blocks:
        match block:
            case Heading(level, text):
                document.add_heading(text, level)
            case Paragraph(text):
                add_runs(document.add_paragraph(), text)
            case Bullet(text):
                add_runs(document.add_paragraph(style="List Bullet"), text)
            case Table(rows):
                add_word_table(document, rows)
    packed = io.BytesIO()
    document.save(packed)
    return with_fixed_times(packed)


def dress(document: Document, *, title: str) -> None:
    document.core_properties.title = title
    document.core_properties.author = COMPANY
    document.core_properties.created = document.core_properties.modified = IN_FORCE.replace(tzinfo=None)
    for name, size, colour in (("Normal", 11, INK), ("Heading 1", 24, NAVY), ("Heading 2", 14, SEA)):
        font = document.styles[name].font
        font.name, font.size, font.color.rgb = "Calibri", Pt(size), RGBColor(*colour)
    footer = document.sections[0].footer.paragraphs[0]
    footer.text = f"{COMPANY} · {title}"


def add_runs(paragraph: WordParagraph, text: str) -> None:
    for part in re.split(r"(\*[^*]+\*)", text):
        paragraph.add_run(part.strip("*")).italic = part.startswith("*") or None


def add_word_table(document: Document, rows: tuple[tuple[str, ...], ...]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Light Grid Accent 1")
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph()


def with_fixed_times(packed: io.BytesIO) -> bytes:
    """A Word file is a zip file, and a zip file remembers when each of its parts was written."""
    repacked = io.BytesIO()
    with zipfile.ZipFile(packed) as parts, zipfile.ZipFile(repacked, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in parts.namelist():
            part = zipfile.ZipInfo(name, date_time=IN_FORCE.timetuple()[:6])
            part.compress_type = zipfile.ZIP_DEFLATED
            fixed.writestr(part, parts.read(name))
    return repacked.getvalue()


class Page(FPDF):
    """A4 with the company's name at the foot."""

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.set_text_color(*GREY)
        self.cell(0, 5, f"{COMPANY} · {self.title} · page {self.page_no()}", align=Align.C)


def pdf_document(blocks: list[Block]) -> bytes:
    """The blocks as a PDF file, where only the size of the letters tells a heading."""
    pdf = Page(format="A4")
    pdf.set_title(title_of(blocks))
    pdf.set_author(COMPANY)
    pdf.set_lang("en")
    pdf.set_creation_date(IN_FORCE)
    pdf.set_margins(25, 22)
    pdf.set_auto_page_break(True, margin=24)
    pdf.add_page()
    for block in blocks:
        match block:
            case Heading(level, text):
                add_pdf_heading(pdf, level, text)
            case Paragraph(text):
                add_pdf_text(pdf, text, space_below=2.5)
            case Bullet(text):
                add_pdf_bullet(pdf, text)
            case Table(rows):
                add_pdf_table(pdf, rows)
    return bytes(pdf.output())


def add_pdf_heading(pdf: FPDF, level: int, text: str) -> None:
    size, colour = (26, NAVY) if level == 1 else (15, SEA)
    if pdf.will_page_break(30):  # a heading does not stay behind alone at the foot of a page
        pdf.add_page()
    elif level > 1:
        pdf.ln(3)
    pdf.start_section(text, level=level - 1)
    pdf.set_font("Helvetica", "B", size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(0, size * 0.5, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1.5)


def add_pdf_text(pdf: FPDF, text: str, *, space_below: float) -> None:
    pdf.set_font("Helvetica", size=11)
    pdf.set_text_color(*INK)
    # fpdf2 writes italics with two underscores.
    marked = re.sub(r"\*([^*]+)\*", r"__\1__", text)
    pdf.multi_cell(0, 5.8, marked, align=Align.L, markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(space_below)


def add_pdf_bullet(pdf: FPDF, text: str) -> None:
    if pdf.will_page_break(12):
        pdf.add_page()
    with pdf.local_context(fill_color=SEA):
        pdf.ellipse(pdf.l_margin + 1.5, pdf.y + 2.2, 1.2, 1.2, style="F")
    pdf.set_x(pdf.l_margin + 6)
    add_pdf_text(pdf, text, space_below=1)


def add_pdf_table(pdf: FPDF, rows: tuple[tuple[str, ...], ...]) -> None:
    pdf.set_font("Helvetica", size=10.5)
    pdf.set_text_color(*INK)
    pdf.set_draw_color(*GREY)
    heads = FontFace(emphasis="BOLD", color=NAVY, fill_color=MIST)
    with pdf.table(
        rows,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=heads,
        line_height=6.5,
        text_align=Align.L,
    ):
        pass
    pdf.ln(4)


def title_of(blocks: list[Block]) -> str:
    return next(block.text for block in blocks if isinstance(block, Heading))


if __name__ == "__main__":
    main()
