"""From the record to Markdown, LaTeX and figures."""
