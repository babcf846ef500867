"""A picture that was brought, as the page shows it: with a box around each digit that was read."""
