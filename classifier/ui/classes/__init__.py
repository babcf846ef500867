"""A class on the page: as its host sees it, as members do, and the way in."""
