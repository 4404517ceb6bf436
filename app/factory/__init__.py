"""The wiring: settings in, application out."""

from app.factory.application import create_app
from app.factory.doors import FAMILIES

__all__ = ["FAMILIES", "create_app"]
