from write_side.schema.sql_migration import sql_migration

ID = "0059"
forwards = sql_migration(ID, "0059_images_and_related.sql")
