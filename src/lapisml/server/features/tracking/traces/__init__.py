"""What applications log while they run: traces with their spans, and what people and judges say of them."""
