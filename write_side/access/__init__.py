"""Bearer tokens: who calls, and what they may do."""

from write_side.access.domain import ROLES, SCOPES, Caller, UnknownToken
from write_side.access.handlers import ListedToken, TokenPage, authenticate, issue_token, list_tokens, revoke_token
from write_side.access.store import names_of

__all__ = [
    "ROLES", "SCOPES", "Caller", "ListedToken", "TokenPage", "UnknownToken", "authenticate", "issue_token",
    "list_tokens", "names_of", "revoke_token",
]  # fmt: skip
