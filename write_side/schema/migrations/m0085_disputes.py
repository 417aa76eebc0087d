from write_side.schema.sql_migration import sql_migration

ID = "0085"
forwards = sql_migration(ID, "0085_disputes.sql")
