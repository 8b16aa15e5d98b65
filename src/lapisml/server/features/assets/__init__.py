"""Assets: data, models, environments and components, their versions and labels; uploads and content."""
