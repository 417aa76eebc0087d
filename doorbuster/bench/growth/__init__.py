"""How what a shop costs grows with its catalog: one shop, made larger from size to size, asked the same at each."""
