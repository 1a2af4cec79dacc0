"""Migrations, NNNN_verb_noun.py; each fits the code that runs before and after it."""
