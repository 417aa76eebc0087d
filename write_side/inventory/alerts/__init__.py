"""Telling a warehouse's manager what runs low."""
