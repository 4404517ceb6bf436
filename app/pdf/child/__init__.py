"""The program that parses PDFs: `python -m app.pdf.child`.

It runs in a process of its own, which knows no secret, opens no file and no connection, and ends
itself. Only what is below is imported there.
"""
