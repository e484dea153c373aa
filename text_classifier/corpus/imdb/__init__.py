"""The official forms of the IMDB reviews, read without unpacking or running what stands in them."""
