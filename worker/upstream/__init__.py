"""The clouds that things are made in, behind one Protocol."""
