"""The page's parts. Views draw; what they show is computed elsewhere."""
