"""Mails to the person of an account, and the links in them that open something once."""
