"""How the program is seen from outside: request ids, counters, log lines.

Nothing is imported here, since the files must be importable one by one: gunicorn's settings say
first, by `processes`, how many processes there will be, and `counters` depends on it.
"""
