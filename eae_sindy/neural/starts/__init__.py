"""How weights begin, behind one contract."""
