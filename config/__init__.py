"""What the environment decides: the application's settings and gunicorn's."""
