"""Bars in SVG, with the spread of each; no library needed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _ROW, _TOP, _LEFT, _RIGHT = 760, 40, 56, 240, 90


def draw_bars(title: str, bars: Sequence[tuple[str, float, float, float]]) -> str:
    """A picture of (name, value, least, most), the first bar in our colour."""
    height = _TOP + _ROW * len(bars) + 12
    longest = max([most for _, _, _, most in bars], default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="14">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="30" font-size="16" font-weight="bold" fill="#222">{escape(title)}</text>',
    ]
    for number, bar in enumerate(bars):
        lines += _draw_bar(_TOP + _ROW * number, scale, bar, is_ours=number == 0)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _draw_bar(
    top: int, scale: float, bar: tuple[str, float, float, float], *, is_ours: bool
) -> list[str]:
    name, value, least, most = bar
    colour, width = "#b45309" if is_ours else "#94a3b8", max(1.0, scale * value)
    middle, low, high = top + 13, _LEFT + scale * least, _LEFT + scale * most
    ends = f"M{low:.1f} {middle - 5}v10M{high:.1f} {middle - 5}v10"
    line = f"M{low:.1f} {middle}H{high:.1f}{ends}"
    baseline, anchor = top + 18, 'text-anchor="end" fill="#222"'
    return [
        f'<text x="{_LEFT - 12}" y="{baseline}" {anchor}>{escape(name)}</text>',
        f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="26" fill="{colour}"/>',
        f'<path d="{line}" stroke="#222" fill="none"/>',
        f'<text x="{high + 10:.1f}" y="{baseline}" fill="#222">{value:,.0f}</text>',
    ]
