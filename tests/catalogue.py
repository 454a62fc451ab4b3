"""Brings the catalogues up to date with the code: python -m tests.catalogue. Needs Babel.

New texts come in empty: translate them in the .po file and run this again, which writes the .mo
that the planner reads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from planner.core.protocol.protocol import Protocol
from planner.core.values import languages
from planner.documents.earlier_texts import SENTENCES
from planner.documents.vocabulary import VOCABULARY
from planner.documents.wording import DETAILS
from planner.files.bundled import bundled_protocols
from planner.files.protocol import load_protocol
from tests.conftest import ROOT

LOCALE = ROOT / "planner" / "locale"
LANGUAGES = tuple(one for one in languages.LANGUAGES if one != "en")
KEYWORDS = {"say", "msgid", "plural"}
# Of a form of the page: which of its arguments are words.
FORMS = {"Field": (1,), "ChangeForm": (1, 2)}
_PLACE = re.compile(r"\{\w+\}")
_IN_TEMPLATE = re.compile(r"""say\("([^"]+)"|say\('([^']+)'""")


def texts() -> Iterator[str | tuple[str, str]]:
    """Every text that papers say: the code's, the vocabulary's, the bundled protocol's."""
    for room in ("documents", "web"):
        for path in sorted((ROOT / "planner" / room).rglob("*.py")):
            # In other rooms `words` is a drawing's.
            keywords = {*KEYWORDS, "words"} if room == "web" else KEYWORDS
            yield from _said(ast.parse(path.read_text(encoding="utf-8")), keywords)
    for path in sorted((ROOT / "planner").rglob("*.py")):
        yield from _sentences(ast.parse(path.read_text(encoding="utf-8")))
    for path in sorted((ROOT / "templates" / "web").glob("*.j2")):
        for found in _IN_TEMPLATE.findall(path.read_text(encoding="utf-8")):
            yield "".join(found)
    yield from VOCABULARY
    yield from SENTENCES
    for name in bundled_protocols():
        yield from _protocol_texts(load_protocol(name))


def _said(code: ast.Module, keywords: Set[str]) -> Iterator[str | tuple[str, str]]:
    """The literal texts of the calls that say something; two for a plural."""
    for call in (node for node in ast.walk(code) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", None))
        if name in keywords:
            literals = [one.value for one in call.args if isinstance(one, ast.Constant)]
            if name == "plural":
                yield literals[0], literals[1]
            elif literals:
                yield literals[0]
        elif name in FORMS:
            hints = [one.value for one in call.keywords if one.arg == "hint"]
            of_form = [call.args[n] for n in FORMS[name] if n < len(call.args)]
            for one in (*of_form, *hints):
                if (
                    isinstance(one, ast.Constant)
                    and len(one.value) > 1
                    and any(map(str.isalpha, one.value))
                ):
                    yield one.value


def _sentences(code: ast.Module) -> Iterator[str]:
    """The templates of what the core says, those with words of their own."""
    for call in (node for node in ast.walk(code) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "said":
            for text in _literals(call.args[0]):
                if any(map(str.isalpha, _PLACE.sub("", text))):
                    yield text


def terms() -> Iterator[tuple[str, str]]:
    """Words that are spelled like others, each with what tells it from them."""
    for path in sorted((ROOT / "planner").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "term":
                literals = [one.value for one in call.args if isinstance(one, ast.Constant)]
                if len(literals) == 2:
                    yield str(literals[0]), str(literals[1])


def _literals(argument: ast.expr) -> list[str]:
    """The text of an argument, or each of two between which it chooses."""
    if isinstance(argument, ast.IfExp):
        return [*_literals(argument.body), *_literals(argument.orelse)]
    is_text = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    return [argument.value] if is_text else []  # type: ignore[attr-defined]


def _protocol_texts(protocol: Protocol) -> Iterator[str]:
    yield protocol.population
    yield from (protocol.route, protocol.technique, protocol.use, *protocol.not_for)
    yield from (one.caveat for one in protocol.sources.values())
    yield from (one.title for one in protocol.regimens.values())
    yield from (one.because for one in protocol.table.rules)
    yield from (one.caveat for one in protocol.cases)
    yield from (one.place for one in (*protocol.cases, *protocol.regimens.values()))
    yield from (one.place for one in (*protocol.table.rules, protocol.observed) if one)
    yield from (text for one in protocol.questions for text in (one.question, one.because))
    yield from (one.label for one in protocol.observations)


def updated(language: str) -> Catalog:
    """The catalogue of a language with all texts and no other, translations kept.

    Sites, sides and regimens have a context: `back` is a view of the map as well.
    """
    path = po_path(language)
    old = read_po(BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog()
    new = Catalog(locale=language, fuzzy=False, header_comment="# The papers in another language.")
    for text in filter(None, texts()):
        known = old.get(text[0] if isinstance(text, tuple) else text)
        new.add(text, known.string if known is not None else None)
    for site in (
        *load_protocol("sts-150").table.domains.sites,
        "left",
        "right",
        "midline",
        *DETAILS,
    ):
        known = old.get(site, "site")
        new.add(site, known.string if known is not None else None, context="site")
    for regimen in load_protocol("sts-150").regimens:
        known = old.get(regimen, "regimen")
        new.add(regimen, known.string if known is not None else None, context="regimen")
    for context, word in terms():
        known = old.get(word, context)
        new.add(word, known.string if known is not None else None, context=context)
    protocol = load_protocol("sts-150")
    asked = [one.id for one in (*protocol.questions, *protocol.observations)]
    for name in (*asked, "yes", "no"):
        known = old.get(name, "asked")
        new.add(name, known.string if known is not None else None, context="asked")
    return new


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "planner.po"


def po_bytes(catalogue: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalogue, width=100, omit_header=True, sort_output=False)
    return HEADER + out.getvalue()


class Unversioned(Catalog):
    """A catalogue that does not say by which version of Babel it was written."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:  # type: ignore[override]
        return [one for one in super().mime_headers if one[0] != "Generated-By"]


def mo_bytes(catalogue: Catalog) -> bytes:
    """The same texts give the same bytes, today and by another version of Babel."""
    plain = Unversioned(locale=catalogue.locale)
    for one in catalogue:
        if one.id:
            plain.add(one.id, one.string, context=one.context)
    plain.creation_date = plain.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    out = BytesIO()
    write_mo(out, plain)
    return out.getvalue()


HEADER = b"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def main() -> None:
    for language in LANGUAGES:
        catalogue = updated(language)
        po_path(language).parent.mkdir(parents=True, exist_ok=True)
        po_path(language).write_bytes(po_bytes(catalogue))
        compiled = read_po(BytesIO(po_bytes(catalogue)), locale=language)
        po_path(language).with_suffix(".mo").write_bytes(mo_bytes(compiled))
        empty = [one.id for one in catalogue if one.id and not all(strings(one.string))]
        print(f"{language}: {len(catalogue)} texts, {len(empty)} to translate")


def strings(string: object) -> tuple[object, ...]:
    return tuple(string) if isinstance(string, list | tuple) else (string,)


if __name__ == "__main__":
    main()
