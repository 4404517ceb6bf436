"""The description of the API: OpenAPI 3.1, from one YAML file for each family."""
