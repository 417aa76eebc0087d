from write_side.schema.sql_migration import sql_migration

ID = "0013"
forwards = sql_migration(ID, "0013_webhooks.sql")
