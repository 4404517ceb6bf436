"""The blueprint of all pages; each module with views adds its own."""

from pathlib import Path

from flask import Blueprint

#: Its name begins the endpoints that a session opens (`app.sessions.PAGES`).
blueprint = Blueprint("web", __name__, template_folder=str(Path(__file__).with_name("templates")))
