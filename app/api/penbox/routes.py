"""The addresses of the family."""

from flask import Blueprint

blueprint = Blueprint("penbox", __name__)
