"""The paper's figures beside those of the records: the page ``results/paper.md``, and the claims of the findings."""
