"""Paper: the Word file of an evidence pack and its template."""
