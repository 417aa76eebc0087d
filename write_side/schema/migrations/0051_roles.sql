-- Which role a token was issued with; empty: none, its scopes were named one by one.
ALTER TABLE access_token ADD COLUMN role text NOT NULL DEFAULT '';
