"""The console: one page and the files that it loads, served by the API itself."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from html import escape
from pathlib import Path

import msgspec

_FOLDER = Path(__file__).parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

#: Scripts that are no modules, which the page names itself.
_CLASSIC = ("theme.js", "uplot.js")

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


@lru_cache(maxsize=1)
def read_assets() -> dict[str, Asset]:
    """Every file that the page loads, by its name."""
    return {
        path.name: Asset(_TYPES[path.suffix], path.read_text(encoding="utf-8"))
        for path in sorted((_FOLDER / "assets").iterdir())
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
    modules = [name for name in read_assets() if name.endswith(".js") and name not in _CLASSIC]
    # All at once, instead of each when the one that imports it has come.
    preloads = "\n    ".join(
        f'<link rel="modulepreload" href="{folder}/{name}">' for name in modules
    )
    page = (_FOLDER / "page.html").read_text(encoding="utf-8")
    return page.replace("<!-- modules -->", preloads).replace("{folder}", folder)
