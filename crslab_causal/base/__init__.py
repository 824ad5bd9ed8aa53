"""Parts that every other folder uses: errors, files, options, processes."""
