from write_side.schema.sql_migration import sql_migration

ID = "0103"
forwards = sql_migration(ID, "0103_mailboxes.sql")
