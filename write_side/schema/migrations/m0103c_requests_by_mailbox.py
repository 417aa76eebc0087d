from write_side.schema.sql_migration import sql_migration

ID = "0103c"
forwards = sql_migration(ID, "0103c_requests_by_mailbox.sql")
