"""Types of products and the attributes that theirs have, as merchants declared them."""
