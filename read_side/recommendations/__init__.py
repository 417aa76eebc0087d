"""What else somebody may like: bought together, similar, popular. Nothing that is gone, hidden or out of stock."""
