from write_side.schema.sql_migration import sql_migration

ID = "0011"
forwards = sql_migration(ID, "0011_verification.sql")
