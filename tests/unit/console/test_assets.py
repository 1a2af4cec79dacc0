"""The console's files: small, short, of this origin alone, and never reading text as markup."""

from __future__ import annotations

import gzip
import re

import pytest

from chalicelib.console import CSP, find_version, read_assets, render_page

OURS = {name: asset.text for name, asset in read_assets().items() if not name.startswith("uplot")}


def test_all_files_together_are_small() -> None:
    texts = [asset.text.encode() for asset in read_assets().values()]
    assert sum(map(len, texts)) < 200_000
    assert sum(len(gzip.compress(text)) for text in texts) < 80_000


@pytest.mark.parametrize("name", OURS)
def test_files_are_short_and_begin_with_what_they_are_for(name: str) -> None:
    assert OURS[name].count("\n") <= 300
    assert OURS[name].startswith(("// ", "/* ", "<svg"))


@pytest.mark.parametrize("name", [name for name in OURS if name.endswith(".js")])
def test_no_script_reads_text_as_markup_or_as_code(name: str) -> None:
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
    assert re.findall(sinks, OURS[name]) == []


def test_nothing_of_another_host_is_named() -> None:
    text = "".join(OURS.values()) + render_page("/api")
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"www.w3.org"}, "the name of SVG's namespace is no address"


def test_page_holds_no_script_or_style_of_its_own() -> None:
    page = render_page("")
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page) == []
    assert "unsafe" not in CSP


def test_what_a_module_imports_is_there_and_is_preloaded() -> None:
    page = render_page("/api")
    for name, text in OURS.items():
        for imported in re.findall(r'from "\./([\w.]+)"', text):
            assert imported in OURS, name
            assert f'modulepreload" href="/api/console/{find_version()}/{imported}"' in page


@pytest.mark.parametrize("name", [name for name in OURS if name.endswith(".js")])
def test_what_a_module_imports_it_uses(name: str) -> None:
    text = OURS[name]
    imported = {
        part.strip().split(" as ")[-1]
        for names in re.findall(r"import \{([^}]*)\} from", text)
        for part in names.split(",")
        if part.strip()
    }
    assert [each for each in imported if len(re.findall(rf"\b{each}\b", text)) < 2] == []


def test_base_of_the_paths_cannot_break_out_of_the_page() -> None:
    assert '"><script' not in render_page('/"><script>alert(1)</script>')
