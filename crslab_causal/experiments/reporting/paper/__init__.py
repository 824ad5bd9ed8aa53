"""The page ``results/paper.md``, which shows the paper's figures beside ours, and the table of the paper's claims."""
