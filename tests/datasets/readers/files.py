"""Small real files of every kind, made when a test asks for them."""

import io
import zipfile
from datetime import datetime

import docx
import openpyxl
import pandas
import pyarrow

ROWS = [{"question": f"Where is lamp {i}?", "answer": "On its way."} for i in range(3)]
CSV = b"question,answer\n" + b"".join(f"{r['question']},{r['answer']}\n".encode() for r in ROWS)


def workbook() -> bytes:
    """Two sheets: one of prices in several formats, one of names."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prices"
    sheet.append(["day", "price", "share", "code", "sure", "count", "formula"])
    sheet.append([datetime(2024, 3, 5), 12.5, 0.125, 815, True, 3.0, '=HYPERLINK("x")'])
    sheet.append([datetime(2024, 3, 5, 14, 30), 1234.5, 1, 7, False, 0.1 + 0.2, None])
    for row in (2, 3):
        sheet.cell(row, 2).number_format = '#,##0.00\\ "€"'
        sheet.cell(row, 3).number_format = "0.0%"
        sheet.cell(row, 4).number_format = "00000"
    names = book.create_sheet("Names")
    names.append(["name"])
    names.append(["Ada"])
    return saved(book.save)


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Returns", level=1)
    document.add_paragraph("You have 30 days.")
    document.add_paragraph("with the slip", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for i, text in enumerate(["item", "fee", "lamp", "5 €"]):
        table.cell(i // 2, i % 2).text = text
    return saved(document.save)


def pdf(*pages: str) -> bytes:
    """A PDF with these lines of text, one a page; "" makes a page without text."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * i} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    return (
        out
        + f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
        f"startxref\n{len(out)}\n%%EOF\n".encode()
    )


def parquet(frame: pandas.DataFrame | None = None) -> bytes:
    return saved((pandas.DataFrame(ROWS) if frame is None else frame).to_parquet)


def arrow(stream: bool) -> bytes:
    table = pyarrow.Table.from_pylist(ROWS)
    sink = io.BytesIO()
    make = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
    with make(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def saved(save) -> bytes:
    sink = io.BytesIO()
    save(sink)
    return sink.getvalue()


def one_of_each() -> dict[str, bytes]:
    """A valid file for every ending that can be read."""
    page = b"<title>Shop</title><h1>Hours</h1><p>Open &amp; warm</p><script>alert(1)</script>"
    return {
        "a.csv": CSV,
        "a.tsv": CSV.replace(b",", b"\t"),
        "a.json": b'[{"q": "one", "a": [1, {"b": null}]}, {"q": "two", "a": "x"}]',
        "a.jsonl": b'{"q": "one"}\n{"q": "two", "more": 1}\n',
        "a.parquet": parquet(),
        "a.arrow": arrow(stream=True),
        "a.feather": arrow(stream=False),
        "a.xlsx": workbook(),
        "a.txt": "Über uns.\n\nWe sell lamps.".encode(),
        "a.md": b"# Title\n\nText.",
        "a.pdf": pdf("First page", "Second page"),
        "a.docx": word(),
        "a.html": page,
        "a.zip": zipped({"x/one.csv": CSV, "two.csv": CSV}),
    }
