"""Documents of feature stores: feature sets and the entities that they are about. They are kept, and nothing runs."""
