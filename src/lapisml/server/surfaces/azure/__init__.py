"""The Azure surface: Azure ML's REST API, as the official SDK and scripts use it, over our services."""
