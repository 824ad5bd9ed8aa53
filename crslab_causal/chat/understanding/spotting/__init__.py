"""Find the parts of a message that name or mean something: films, people, genres, years, series."""
