"""Edits: what of a paid order may still be changed, until somebody goes to the shelf."""
