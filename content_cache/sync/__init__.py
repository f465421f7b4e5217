"""How a library gets a release from wherever it lies: a folder, a stick, a web server at head office, a neighbour."""
