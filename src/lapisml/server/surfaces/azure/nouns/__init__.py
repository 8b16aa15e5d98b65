"""One module for each noun: bodies to documents and back, and which address leads to which of them."""
