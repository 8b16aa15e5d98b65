"""What the web page needs and no other feature has: what changes while somebody looks."""
