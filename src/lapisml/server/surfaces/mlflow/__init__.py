"""MLflow's tracking, registry and artifact protocol over our services: it translates and rules nothing."""
