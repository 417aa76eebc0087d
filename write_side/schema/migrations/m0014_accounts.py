from write_side.schema.sql_migration import sql_migration

ID = "0014"
forwards = sql_migration(ID, "0014_accounts.sql")
