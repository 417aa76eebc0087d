from write_side.schema.sql_migration import sql_migration

ID = "0019"
forwards = sql_migration(ID, "0019_refunds.sql")
