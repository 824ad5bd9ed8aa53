"""From finished runs to one record of what was found."""
