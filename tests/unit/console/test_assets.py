"""The console's files: small, short, of this origin alone, and never reading text as markup."""

from __future__ import annotations

import gzip
import re
from graphlib import CycleError

import pytest

from chalicelib.console import CSP, find_version, read_assets, read_sources, render_page
from chalicelib.console.joining import join_modules

SOURCES = read_sources()
SCRIPTS = [name for name in SOURCES if name.endswith(".js")]
MODULES = [name for name in SCRIPTS if name != "theme.js"]


def test_all_files_together_are_small() -> None:
    texts = [asset.text.encode() for asset in read_assets().values()]
    assert sum(map(len, texts)) < 150_000
    assert sum(len(gzip.compress(text)) for text in texts) < 45_000


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_short_and_begin_with_what_they_are_for(name: str) -> None:
    assert SOURCES[name].count("\n") <= 300
    assert SOURCES[name].startswith(("// ", "/* ", "<svg"))


@pytest.mark.parametrize("name", MODULES)
def test_functions_are_short(name: str) -> None:
    functions = r"^(?:export )?(?:async )?function (\w+).*?^}"
    found = re.finditer(functions, SOURCES[name], re.MULTILINE | re.DOTALL)
    assert [one[1] for one in found if one[0].count("\n") > 60] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_reads_text_as_markup_or_as_code(name: str) -> None:
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
    assert re.findall(sinks, SOURCES[name]) == []


def test_nothing_of_another_host_is_named() -> None:
    text = "".join(SOURCES.values()) + render_page("/api")
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"www.w3.org"}, "the name of SVG's namespace is no address"


def test_page_holds_no_script_or_style_of_its_own() -> None:
    page = render_page("")
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page) == []
    assert "unsafe" not in CSP


def test_page_loads_what_is_there_and_nothing_is_there_that_it_does_not_load() -> None:
    loaded = re.findall(rf'"/api/console/{find_version()}/([\w.]+)"', render_page("/api"))
    assert sorted(loaded) == sorted(read_assets())


def test_every_module_is_part_of_the_script_once() -> None:
    script = read_assets()["app.js"].text
    assert sorted(re.findall(r"^const (\w+)_module = ", script, re.MULTILINE)) == sorted(
        name.removesuffix(".js") for name in MODULES
    )
    assert re.findall(r"^(?:import|export)\b.*", script, re.MULTILINE) == []


def test_what_is_imported_stands_before_what_imports_it() -> None:
    modules = {
        "app": 'import { one as two } from "./part.js";\nconsole.log(two);\n',
        "part": "export const one = 1;\n",
        "unused": "export const three = 3;\n",
    }
    assert join_modules(modules, "app") == (
        "const part_module = (() => {\nconst one = 1;\nreturn { one };\n})();\n"
        "const app_module = (() => {\nconst { one: two } = part_module;\nconsole.log(two);\n"
        "return {  };\n})();\n"
    )


@pytest.mark.parametrize("name", MODULES)
def test_no_text_has_a_line_break_in_it_that_joining_would_change(name: str) -> None:
    assert [line for line in SOURCES[name].split("\n") if line.count("`") % 2] == []


def test_joining_leaves_out_what_browsers_pass_over() -> None:
    text = "// What it is.\n\n/** A\n * thing. */\nfunction f() {\n  // why\n  g('// not');\n}\n"
    assert join_modules({"app": text}, "app") == (
        "const app_module = (() => {\n\nfunction f() {\ng('// not');\n}\nreturn {  };\n})();\n"
    )


def test_modules_that_import_each_other_are_refused() -> None:
    modules = {name: f'import {{ x }} from "./{other}.js";\n' for name, other in ("ab", "ba")}
    with pytest.raises(CycleError):
        join_modules(modules, "a")


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_imports_it_uses(name: str) -> None:
    text = SOURCES[name]
    imported = {
        part.strip().split(" as ")[-1]
        for names in re.findall(r"import \{([^}]*)\} from", text)
        for part in names.split(",")
        if part.strip()
    }
    assert [each for each in imported if len(re.findall(rf"\b{each}\b", text)) < 2] == []


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_exports_another_one_imports(name: str) -> None:
    exported = re.findall(
        r"^export (?:async )?(?:function|const|class) (\w+)", SOURCES[name], re.MULTILINE
    )
    own = name.removesuffix(".js")
    imported = "".join(
        names
        for text in SOURCES.values()
        for names, module in re.findall(r'import \{([^}]*)\} from "\./(\w+)\.js"', text)
        if module == own
    )
    assert [each for each in exported if not re.search(rf"\b{each}\b", imported)] == []


def test_every_class_that_is_styled_is_used() -> None:
    styles = "".join(text for name, text in SOURCES.items() if name.endswith(".css"))
    scripts = "".join(SOURCES[name] for name in SCRIPTS) + render_page("")
    classes = set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", re.sub(r"/\*.*?\*/", "", styles)))
    assert sorted(each for each in classes if not re.search(rf"[\"' `]{each}\b", scripts)) == []


def test_base_of_the_paths_cannot_break_out_of_the_page() -> None:
    assert '"><script' not in render_page('/"><script>alert(1)</script>')
