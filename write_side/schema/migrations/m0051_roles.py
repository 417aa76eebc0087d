from write_side.schema.sql_migration import sql_migration

ID = "0051"
forwards = sql_migration(ID, "0051_roles.sql")
