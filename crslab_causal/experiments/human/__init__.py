"""Human evaluation of responses (Table 5): blinded forms for raters, and the analysis of their ratings."""
