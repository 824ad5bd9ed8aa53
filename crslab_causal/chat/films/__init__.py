"""What the chat knows about films: titles, years, genres, people, franchises and topics."""
