"""Breaks every part at random while jobs run, then proves that nothing was lost or doubled."""
