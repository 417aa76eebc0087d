from write_side.schema.sql_migration import sql_migration

ID = "0103b"
forwards = sql_migration(ID, "0103b_by_mailbox.sql")
