"""How a database is called where an operator reads it."""

import pytest
from sqlalchemy.engine import make_url

from app.store.database.addresses import describe


@pytest.mark.parametrize(
    ("url", "reported"),
    [
        ("sqlite:////srv/store.sqlite3", "sqlite /srv/store.sqlite3"),
        ("postgresql://u:s3cret@db.lan:5433/base", "postgresql db.lan:5433/base"),
        ("postgresql://u:s3cret@db.lan/base", "postgresql db.lan/base"),
        ("postgresql://u:s3cret@[::1]:5433/base", "postgresql [::1]:5433/base"),
        ("postgresql://u:s3cret@/base", "postgresql local socket/base"),
        ("postgresql:///", "postgresql local socket/the default database"),
        ("postgresql://u@db.lan", "postgresql db.lan/u"),
        ("postgresql:///base?host=/run/pg", "postgresql /run/pg/base"),
        ("postgresql:///base?host=one:1&host=two:2", "postgresql one:1,two:2/base"),
        ("postgresql:///b?host=one,::2&port=1,2", "postgresql one:1,[::2]:2/b"),
        ("postgresql:///b?host=one,two&port=1", "postgresql one:1,two:1/b"),
        ("postgresql:///b?host=one,two", "postgresql one,two/b"),
    ],
)
def test_it_is_named_by_where_it_is(url: str, reported: str) -> None:
    assert describe(make_url(url)) == reported


def test_a_schema_is_named_too() -> None:
    url = make_url("postgresql://db.lan/base")
    assert describe(url, "office") == "postgresql db.lan/base, schema office"
