"""Facts about films for the chat: titles, years, genres, people, franchises and topics."""
