"""Human evaluation of responses, as in the paper's Table 5: blinded forms for raters, and the analysis of their ratings."""
