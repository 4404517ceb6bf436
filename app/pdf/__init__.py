"""PDF: cards of electronic documents, made and read, and signatures in PDF files.

Independent of the web, databases and settings. What others sent is parsed in a process of its own
(`app.pdf.child`), and nowhere else.
"""
