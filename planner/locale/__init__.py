"""Catalogues of the papers' languages; English is the text in the code."""
