"""The console: one page and the files that it loads, served by the API itself."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from html import escape
from pathlib import Path

import msgspec

from chalicelib.console.joining import join_modules

_FOLDER = Path(__file__).parent

#: Scripts, styles and requests of this origin alone; nothing inline, and no text becomes markup.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Asset(msgspec.Struct, frozen=True):
    """A file that the page loads."""

    content_type: str
    text: str


def read_sources() -> dict[str, str]:
    """The texts of the files that the console is made of, by their names."""
    paths = sorted((_FOLDER / "assets").iterdir())
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


@lru_cache(maxsize=1)
def read_assets() -> dict[str, Asset]:
    """Every file that the page loads, by its name."""
    sources = read_sources()
    modules = {
        name.removesuffix(".js"): text for name, text in sources.items() if name.endswith(".js")
    }
    styles = [text for name, text in sources.items() if name.endswith(".css")]
    script = "text/javascript; charset=utf-8"
    return {
        "app.css": Asset("text/css; charset=utf-8", "".join(styles)),
        "app.js": Asset(script, join_modules(modules, "app")),
        "icon.svg": Asset("image/svg+xml", sources["icon.svg"]),
        # No module: it runs before anything is drawn.
        "theme.js": Asset(script, sources["theme.js"]),
    }


@lru_cache(maxsize=1)
def find_version() -> str:
    """What changes whenever a file does: caches may keep what has it in its path for ever."""
    digest = hashlib.sha256()
    for name, asset in read_assets().items():
        digest.update(f"{name}\0{asset.text}\0".encode())
    return digest.hexdigest()[:16]


def render_page(base: str) -> str:
    """The page. `base`: where the API's paths begin, empty at the root of a host."""
    folder = escape(f"{base}/console/{find_version()}")
    page = (_FOLDER / "page.html").read_text(encoding="utf-8")
    return page.replace("{folder}", folder)
