from write_side.schema.sql_migration import sql_migration

ID = "0015"
forwards = sql_migration(ID, "0015_erasure.sql")
