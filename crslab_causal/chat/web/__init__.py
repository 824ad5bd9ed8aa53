"""A web page on which several people can chat with the recommender, each in a session of their own."""
