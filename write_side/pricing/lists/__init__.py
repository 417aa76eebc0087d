"""Price lists: for whom, where and when other prices are asked. What a list asks for a SKU is the SKU's (`pricing`)."""
