"""Configuration from the environment: the application's settings and gunicorn's."""
