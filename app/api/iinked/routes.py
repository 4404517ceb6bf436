"""The addresses of the family."""

from flask import Blueprint

blueprint = Blueprint("iinked", __name__)
