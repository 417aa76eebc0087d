from write_side.schema.sql_migration import sql_migration

ID = "0035b"
forwards = sql_migration(ID, "0035b_packed_by.sql")
