"""What a person can set or type is written down where they look for it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from bellpull import __version__
from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.events import event_schema
from chalicelib.settings import Settings

ROOT = Path(__file__).parents[2]


def test_env_example_has_every_setting_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    assert sorted(listed) == sorted(name.upper() for name in Settings.__struct_fields__)


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (\S+)$", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z][\w-]*):", text, re.MULTILINE))
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = set(re.findall(r"^  make (\S+)", shown.stdout, re.MULTILINE))
    assert listed == targets == phony


def test_version_is_the_newest_of_the_changelog_or_one_before_its_release() -> None:
    newest = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    is_release = re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert newest[0] == (__version__ if is_release else "Unreleased")
    assert is_release or re.fullmatch(r"\d+\.\d+\.\d+-dev", __version__)


def test_schema_of_webhooks_is_the_one_of_the_code() -> None:
    written = json.loads((ROOT / "docs/webhook-event.schema.json").read_text(encoding="utf-8"))
    assert written == event_schema()


def test_page_on_webhooks_names_every_event() -> None:
    text = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    assert [event.value for event in EventType if f"`{event.value}`" not in text] == []


def test_documented_bodies_are_sent_as_json() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = [
        block
        for page in pages
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        if "curl" in block and re.search(r"\s-d\s", block)
    ]
    assert len(blocks) >= 4
    assert [block for block in blocks if "Content-Type: application/json" not in block] == []
