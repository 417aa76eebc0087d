from write_side.schema.sql_migration import sql_migration

ID = "0111"
forwards = sql_migration(ID, "0111_for_sale_again.sql")
