"""The description of the API: OpenAPI 3.1, out of one YAML file for each family."""
