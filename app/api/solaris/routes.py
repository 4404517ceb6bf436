"""The addresses of the family."""

from flask import Blueprint

blueprint = Blueprint("solaris", __name__)
