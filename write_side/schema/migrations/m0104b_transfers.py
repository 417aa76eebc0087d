from write_side.schema.sql_migration import sql_migration

ID = "0104b"
forwards = sql_migration(ID, "0104b_transfers.sql")
