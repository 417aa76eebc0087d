from write_side.schema.sql_migration import sql_migration

ID = "0109b"
forwards = sql_migration(ID, "0109b_dearer_of_fewer.sql")
