from write_side.schema.sql_migration import sql_migration

ID = "0110"
forwards = sql_migration(ID, "0110_issuers_of_tokens.sql")
