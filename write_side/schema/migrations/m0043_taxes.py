from write_side.schema.sql_migration import sql_migration

ID = "0043"
forwards = sql_migration(ID, "0043_taxes.sql")
