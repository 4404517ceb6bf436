"""Flask extensions, made once and bound to an application by `factory`."""

from flask_sqlalchemy import SQLAlchemy

from app.store.models import Base

db = SQLAlchemy(model_class=Base)
