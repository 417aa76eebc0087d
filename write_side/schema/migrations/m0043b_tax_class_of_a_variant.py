from write_side.schema.sql_migration import sql_migration

ID = "0043b"
forwards = sql_migration(ID, "0043b_tax_class_of_a_variant.sql")
