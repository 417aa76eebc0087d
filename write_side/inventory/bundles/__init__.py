"""SKUs that are sold as one and made of others."""
