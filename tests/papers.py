"""Papers as a reader gets them: the text of a PDF page by page, of an HTML page, and pictures."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image


def pages(pdf: bytes) -> list[str]:
    """The text of each page, as PDFium reads it; no-break spaces are plain ones."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [_plain(page.get_textpage().get_text_range()) for page in document]


def raw_pages(pdf: bytes) -> list[str]:
    """As `pages`, with the no-break spaces that are there."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


def poppler_text(pdf: bytes) -> str:
    """The text as pdftotext reads it; CI has it, elsewhere its absence skips by name."""
    if shutil.which("pdftotext") is None:
        if os.environ.get("CI"):
            pytest.fail("pdftotext is missing")
        pytest.skip("pdftotext is not here")
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return _plain(done.stdout.decode())


def html_text(page: bytes) -> str:
    """The text of an HTML page, drawings included, without its style."""
    text = re.sub(r"<style>.*?</style>", "", page.decode(), flags=re.DOTALL)
    text = re.sub(r"</?(?:strong|span)\b[^>]*>", "", text)
    return _plain(html.unescape(re.sub(r"<[^>]*>", "\n", text)))


def pictures(pdf: bytes, dpi: int) -> list[Image.Image]:
    """Each page in grey."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in document]


def png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _plain(text: str) -> str:
    # PDFium shows a hyphen at the end of a line as U+FFFE.
    return text.replace("\u00a0", " ").replace("\r\n", "\n").replace("\ufffe", "-")
