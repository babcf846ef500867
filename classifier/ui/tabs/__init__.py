"""The five tabs below the board."""
