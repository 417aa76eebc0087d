"""Bearer tokens: who calls, and what they may do."""

from write_side.access.domain import SCOPES, Caller
from write_side.access.handlers import authenticate, issue_token, revoke_token

__all__ = ["SCOPES", "Caller", "authenticate", "issue_token", "revoke_token"]
