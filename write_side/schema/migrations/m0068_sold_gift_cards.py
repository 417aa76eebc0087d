from write_side.schema.sql_migration import sql_migration

ID = "0068"
forwards = sql_migration(ID, "0068_sold_gift_cards.sql")
