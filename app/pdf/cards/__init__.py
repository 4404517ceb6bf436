"""Cards of electronic documents (kaarkz/ddcard): PDFs that carry a document and signatures."""
