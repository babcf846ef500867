"""The page: with app.py the only code that may import Streamlit. It draws; what is computed is
computed elsewhere.

May import all but `learning` and `cli`.
"""
